import { useQuery } from '@tanstack/react-query'
import { meQuery } from '../../api/queries.ts'
import { Page } from '../../components/page.tsx'
import { ApiKeySection } from '../../features/account/api-key-section.tsx'
import { MfaSection } from '../../features/account/mfa-section.tsx'
import { NameSection, PasswordSection } from '../../features/account/own-fields.tsx'
import { PasskeySection } from '../../features/account/passkey-section.tsx'
import { SessionSection } from '../../features/account/session-section.tsx'

export function AccountPage() {
  const { data: me } = useQuery(meQuery)
  if (!me) return null
  const mustEnrol = me.mfa.required && !me.mfa.enabled && !me.mfa.verified
  return (
    <Page
      title="Your account"
      lede={
        mustEnrol
          ? 'A second factor is required here: set it up, and the rest of the portal opens.'
          : `${me.email}, ${me.role}`
      }
    >
      <PasskeySection me={me} />
      <MfaSection me={me} />
      <NameSection key={me.name} me={me} />
      {me.hasPassword && <PasswordSection />}
      <SessionSection />
      <ApiKeySection me={me} />
    </Page>
  )
}
