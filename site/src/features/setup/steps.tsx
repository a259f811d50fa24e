import type { SetupStepId } from '@dragonfly/schema/state'
import type { ComponentType } from 'react'
import { SshKeysSection } from '../settings/ssh-keys-section.tsx'
import { AdministratorStep } from './administrator-step.tsx'
import { FrontPageStep } from './front-page-step.tsx'
import { ImageStep } from './image-step.tsx'
import { NetworkStep } from './network-step.tsx'
import { OrganisationStep } from './organisation-step.tsx'
import { SafeModeStep } from './safe-mode-step.tsx'
import { SiteStep } from './site-step.tsx'

interface WizardStep {
  title: string
  /** In the list of steps. */
  short: string
  lede: string
  Content: ComponentType
}

export const wizardSteps: Record<SetupStepId, WizardStep> = {
  administrator: {
    title: 'Keep your account yours',
    short: 'Your account',
    lede: 'You can write to every disk here. A second factor makes a stolen password worth nothing.',
    Content: AdministratorStep,
  },
  organisation: {
    title: 'Who is this for?',
    short: 'Organisation',
    lede: 'The name is shown to people whom you invite.',
    Content: OrganisationStep,
  },
  site: {
    title: 'Your first site',
    short: 'Site',
    lede: 'A site is a place with a LAN. An edge, one small program there, does what only a neighbour of the metal can do.',
    Content: SiteStep,
  },
  network: {
    title: 'Where do machines boot?',
    short: 'Network',
    lede: 'Turn on the interface that your machines are on.',
    Content: NetworkStep,
  },
  'ssh-keys': {
    title: 'Who signs in to the machines?',
    short: 'SSH keys',
    lede: 'Deployments start with these public keys. They can be changed for each machine.',
    Content: SshKeysSection,
  },
  image: {
    title: 'A first operating system',
    short: 'Image',
    lede: 'Edges fetch an image once, check it against its publisher’s checksum, and write it from then on.',
    Content: ImageStep,
  },
  'front-page': {
    title: 'What do strangers see?',
    short: 'Front page',
    lede: 'Whoever opens this address without signing in.',
    Content: FrontPageStep,
  },
  'safe-mode': {
    title: 'How hard is it to break something?',
    short: 'Safe mode',
    lede: 'In safe mode, whatever destroys data is confirmed by click and hold, with a ring that fills.',
    Content: SafeModeStep,
  },
}
