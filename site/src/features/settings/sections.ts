import type { ComponentType } from 'react'
import { SafetySettings } from '../safety/safety-settings.tsx'
import { AllowlistSection } from './allowlist-section.tsx'
import { FrontPageSection } from './front-page-section.tsx'
import { OidcSection } from './oidc-section.tsx'
import { RecoveryKeySection } from './recovery-key-section.tsx'
import { SigningKeySection } from './signing-key-section.tsx'
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
  {
    id: 'provider',
    title: 'Sign-in provider',
    lede: 'Lets people sign in with the account that they have elsewhere, by OpenID Connect.',
    Content: OidcSection,
  },
  {
    id: 'safety',
    title: 'Safety',
    lede: 'What nobody may do at any site, whatever their role. A site can be more careful than this, on the sites page.',
    Content: SafetySettings,
  },
  {
    id: 'recovery-key',
    title: 'Recovery key',
    lede: 'Passwords of BMCs are sealed to the edges of their site: nobody here can read them. A recovery key on paper opens them when every edge is lost.',
    Content: RecoveryKeySection,
  },
  {
    id: 'signing-key',
    title: 'Signing key',
    lede: 'Edges write no disk and switch no machine without an order that this server signed with it.',
    Content: SigningKeySection,
  },
]
