import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { endMfa, renewRecoveryCodes, startMfa } from '../../api/people.ts'
import { keys, passkeysQuery } from '../../api/queries.ts'
import type { Me } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Section } from '../../components/page.tsx'
import { EnrolTotp } from './enrol-totp.tsx'
import { PasswordDialog } from './password-dialog.tsx'
import { SecretDialog } from './secret-once.tsx'

/** What the password was asked for, and what came of it. */
type Asked = 'start' | 'renew' | 'end'

export function MfaSection({ me }: { me: Me }) {
  const queryClient = useQueryClient()
  const { data: passkeys = [] } = useQuery(passkeysQuery)
  const [asked, setAsked] = useState<Asked | null>(null)
  const [enrolment, setEnrolment] = useState<{ uri: string; recoveryCodes: string[] } | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const refresh = () => queryClient.invalidateQueries({ queryKey: keys.me })
  const confirm = async (password: string): Promise<void> => {
    if (asked === 'start') setEnrolment(await startMfa(password))
    if (asked === 'renew') setCodes(await renewRecoveryCodes(password))
    if (asked === 'end') await endMfa(password)
    setAsked(null)
    await refresh()
  }
  return (
    <Section title="Second factor">
      <p className="max-w-2xl text-ink-soft">
        {me.mfa.totp
          ? 'An authenticator app’s code is asked for when you sign in by password.'
          : 'With an authenticator app’s code besides it, a stolen password opens nothing.'}
      </p>
      <div className="mt-4 flex flex-wrap gap-3">
        {me.mfa.totp ? (
          <>
            <Button onClick={() => setAsked('renew')}>New recovery codes</Button>
            <Button
              look="quiet"
              refusal={me.mfa.required && passkeys.length === 0 ? 'A second factor is required here.' : null}
              onClick={() => setAsked('end')}
            >
              Remove
            </Button>
          </>
        ) : (
          <Button look="primary" onClick={() => setAsked('start')}>
            Set up a second factor
          </Button>
        )}
      </div>
      {asked && <PasswordDialog onClose={() => setAsked(null)} onConfirm={confirm} />}
      {enrolment && (
        <EnrolTotp
          {...enrolment}
          onClose={() => {
            setEnrolment(null)
            void refresh()
          }}
        />
      )}
      {codes && (
        <SecretDialog
          title="Your recovery codes"
          text={codes.join('\n')}
          copy="Copy codes"
          close="I have kept them"
          onClose={() => setCodes(null)}
        >
          Each opens the door once, when your phone is lost. The older ones work no more.
        </SecretDialog>
      )}
    </Section>
  )
}
