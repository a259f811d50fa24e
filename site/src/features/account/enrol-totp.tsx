import { useMutation } from '@tanstack/react-query'
import { QRCodeSVG } from 'qrcode.react'
import { type FormEvent, useState } from 'react'
import { verifyCode } from '../../api/people.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { SecretDialog } from './secret-once.tsx'

/** Scan, prove it, keep the recovery codes. The factor counts from the moment of the first good code. */
export function EnrolTotp({
  uri,
  recoveryCodes,
  onClose,
}: {
  uri: string
  recoveryCodes: readonly string[]
  onClose: () => void
}) {
  const [isProven, setProven] = useState(false)
  const proving = useMutation({ mutationFn: verifyCode, onSuccess: () => setProven(true) })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    proving.mutate(String(new FormData(event.currentTarget).get('code')))
  }
  const finish = (): void => {
    showToast({ text: 'Your second factor is set up.' })
    onClose()
  }
  if (isProven)
    return (
      <SecretDialog
        title="Keep your recovery codes"
        text={recoveryCodes.join('\n')}
        copy="Copy codes"
        close="I have kept them"
        onClose={finish}
      >
        Each opens the door once, when your phone is lost. They are shown only now.
      </SecretDialog>
    )
  return (
    <Dialog open onOpenChange={onClose} keepOpen title="Scan this with your authenticator app">
      <form onSubmit={submit} className="space-y-5">
        <div className="flex flex-wrap items-center gap-6">
          <div className="rounded-md bg-white p-4">
            <QRCodeSVG value={uri} size={196} title="QR code of your second factor" />
          </div>
          <p className="min-w-0 grow basis-48 text-ink-soft">
            Or type this key into the app:
            <code className="mt-1 block font-mono text-[0.9rem] break-all text-ink">
              {new URL(uri).searchParams.get('secret')}
            </code>
          </p>
        </div>
        <TextField
          label="Code"
          name="code"
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern="[0-9 ]{6,7}"
          required
          autoFocus
          mono
          hint="The six digits that the app shows now."
        />
        <ProblemNote error={proving.error} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={proving.isPending}>
            Turn on
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
