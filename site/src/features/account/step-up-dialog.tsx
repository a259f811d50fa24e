import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useSyncExternalStore } from 'react'
import { api, done, take } from '../../api/client.ts'
import { verifyCode } from '../../api/people.ts'
import { meQuery, passkeysQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { currentStepUp, type StepUpRequest, subscribeStepUp } from './step-up-store.ts'
import { showPasskey, whyNoPasskeys } from './webauthn.ts'

/** Asks for the second factor once more, wherever in the portal the server wants a fresh one. */
export function StepUpHost() {
  const request = useSyncExternalStore(subscribeStepUp, currentStepUp)
  return request && <StepUpDialog request={request} />
}

async function provePasskey(): Promise<void> {
  const options = await take(api.POST('/api/v1/me/step-up/options'))
  await done(api.POST('/api/v1/me/step-up', { body: { passkey: await showPasskey(options) } }))
}

function StepUpDialog({ request }: { request: StepUpRequest }) {
  const { data: me } = useQuery(meQuery)
  const { data: passkeys = [] } = useQuery(passkeysQuery)
  const byPasskey = useMutation({ mutationFn: provePasskey, onSuccess: request.onProven })
  const byCode = useMutation({ mutationFn: verifyCode, onSuccess: request.onProven })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    byCode.mutate(String(new FormData(event.currentTarget).get('code')))
  }
  const hasTotp = me?.mfa.totp ?? false
  return (
    <Dialog
      open
      onOpenChange={request.onCancel}
      title="Is it still you?"
      description="This is sensitive, and your second factor was given some time ago. Give it once more."
    >
      <form onSubmit={submit} className="space-y-5">
        {passkeys.length > 0 && (
          <Button
            look={hasTotp ? 'plain' : 'primary'}
            className="w-full py-2"
            autoFocus={!hasTotp}
            busy={byPasskey.isPending}
            refusal={whyNoPasskeys()}
            onClick={() => byPasskey.mutate()}
          >
            Use a passkey
          </Button>
        )}
        {hasTotp && (
          <TextField
            label="Code"
            name="code"
            autoComplete="one-time-code"
            required
            autoFocus
            mono
            hint="The six digits that your authenticator app shows now, or one of your recovery codes."
          />
        )}
        <ProblemNote error={byCode.error ?? byPasskey.error} />
        <DialogActions>
          <Button look="quiet" onClick={request.onCancel}>
            Cancel
          </Button>
          {hasTotp && (
            <Button look="primary" type="submit" busy={byCode.isPending}>
              Go on
            </Button>
          )}
        </DialogActions>
      </form>
    </Dialog>
  )
}
