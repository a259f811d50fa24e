import { createRecoveryKey } from '@dragonfly/schema/sealing'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { QRCodeSVG } from 'qrcode.react'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { Mono } from '../../components/facts.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'

/**
 * Makes a recovery key in this browser and shows its private half, once. It counts from the moment in which the person
 * says that they have the sheet: a key that nobody has is worse than none.
 */
export function RecoveryKeyDialog({ replaces, onClose }: { replaces: string | null; onClose: () => void }) {
  const queryClient = useQueryClient()
  const [isKept, setKept] = useState(false)
  const { data: made, error } = useQuery({
    queryKey: ['new-recovery-key'],
    queryFn: makeKey,
    // Gone from memory when the dialog closes; never another one under the person's eyes.
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    retry: false,
  })
  const storing = useMutation({
    mutationFn: (publicKey: NonNullable<typeof made>['publicJwk']) =>
      take(api.PUT('/api/v1/recovery-key', { body: { publicKey, replaces } })),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: keys.recoveryKey })
      showToast({ text: 'The recovery key counts from now on. Enter passwords again that it is to open.' })
      onClose()
    },
  })
  return (
    <Dialog
      open
      wide
      keepOpen
      onOpenChange={onClose}
      title="Print this, once"
      description="Whoever has these words and a download can read the passwords of all BMCs. They are shown only now, and kept nowhere."
    >
      <ProblemNote error={error ?? storing.error} />
      {made && (
        <>
          <RecoverySheet kid={made.kid} words={made.words.split(' ')} />
          <label className="touchable mt-5 flex items-center gap-3">
            <input
              type="checkbox"
              className="accent-touch"
              checked={isKept}
              onChange={(event) => setKept(event.target.checked)}
            />
            I have the sheet in my hand.
          </label>
          <DialogActions>
            <Button onClick={() => window.print()}>Print</Button>
            <Button
              look="primary"
              refusal={isKept ? null : 'Print or write down the words first.'}
              busy={storing.isPending}
              onClick={() => storing.mutate(made.publicJwk)}
            >
              {replaces ? 'Replace the key' : 'Use this key'}
            </Button>
          </DialogActions>
        </>
      )}
    </Dialog>
  )
}

function RecoverySheet({ kid, words }: { kid: string; words: readonly string[] }) {
  return (
    <div id="print-sheet" className="flex flex-wrap items-start gap-6">
      <div className="grow basis-72">
        <p className="mb-3 text-ink-soft">
          Dragonfly recovery key <Mono>{kid.slice(0, 8)}</Mono>
        </p>
        <ol className="grid list-decimal grid-cols-2 gap-x-8 gap-y-1 pl-10 font-mono sm:grid-cols-3">
          {words.map((word, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a word may come twice, and its place is what counts
            <li key={index}>{word}</li>
          ))}
        </ol>
      </div>
      <div className="rounded-md bg-white p-4">
        <QRCodeSVG value={words.join(' ')} size={168} title="The same words as a QR code" />
      </div>
    </div>
  )
}

async function makeKey() {
  if (!globalThis.crypto?.subtle)
    throw new Error(
      'A key can be made only over https, or at localhost. Open Dragonfly by its https address.',
    )
  return createRecoveryKey()
}
