import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { endMfa, renewRecoveryCodes, startMfa } from '../../api/people.ts'
import { keys } from '../../api/queries.ts'
import type { Me } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { Section } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { EnrolTotp } from './enrol-totp.tsx'
import { SecretOnce } from './secret-once.tsx'

/** What the password was asked for, and what came of it. */
type Asked = 'start' | 'renew' | 'end'

export function MfaSection({ me }: { me: Me }) {
  const queryClient = useQueryClient()
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
        {me.mfa.enabled
          ? 'An authenticator app’s code is asked for when you sign in.'
          : 'With a second factor, a stolen password opens nothing. You need an authenticator app.'}
      </p>
      <div className="mt-4 flex flex-wrap gap-3">
        {me.mfa.enabled ? (
          <>
            <Button onClick={() => setAsked('renew')}>New recovery codes</Button>
            <Button
              look="quiet"
              refusal={me.mfa.required ? 'A second factor is required here.' : null}
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
      {codes && <CodesDialog codes={codes} onClose={() => setCodes(null)} />}
    </Section>
  )
}

function PasswordDialog({
  onClose,
  onConfirm,
}: {
  onClose: () => void
  onConfirm: (password: string) => Promise<void>
}) {
  const confirming = useMutation({ mutationFn: onConfirm })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    confirming.mutate(String(new FormData(event.currentTarget).get('password')))
  }
  return (
    <Dialog open onOpenChange={onClose} title="Is it you?">
      <form onSubmit={submit}>
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus
        />
        <ProblemNote error={confirming.error} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={confirming.isPending}>
            Go on
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

function CodesDialog({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={onClose} keepOpen title="Your recovery codes">
      <SecretOnce text={codes.join('\n')} label="Copy codes">
        Each opens the door once, when your phone is lost. The older ones work no more.
      </SecretOnce>
      <DialogActions>
        <Button look="primary" onClick={onClose}>
          I have kept them
        </Button>
      </DialogActions>
    </Dialog>
  )
}
