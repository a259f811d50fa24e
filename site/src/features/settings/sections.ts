import type { ComponentType } from 'react'
import { AllowlistSection } from './allowlist-section.tsx'
import { FrontPageSection } from './front-page-section.tsx'
import { SshKeysSection } from './ssh-keys-section.tsx'

export interface SettingsSection {
  /** The section's anchor: /settings#allowlist. */
  id: string
  title: string
  /** One sentence about what it decides. */
  lede: string
  Content: ComponentType
}

/** The settings page, from top to bottom. A slice that has something to set adds itself here. */
export const settingsSections: readonly SettingsSection[] = [
  {
    id: 'front-page',
    title: 'Front page',
    lede: 'What somebody sees who has not signed in.',
    Content: FrontPageSection,
  },
  {
    id: 'allowlist',
    title: 'Allowed addresses',
    lede: 'From where the panel and the API can be reached. Edges are not concerned: they prove who they are by their own keys.',
    Content: AllowlistSection,
  },
  {
    id: 'ssh-keys',
    title: 'SSH keys',
    lede: 'Every deployment starts with these; whoever deploys can change them for that machine.',
    Content: SshKeysSection,
  },
]
