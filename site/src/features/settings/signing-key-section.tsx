import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys, signingKeyQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { Mono } from '../../components/facts.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { Ago } from '../../components/time.tsx'
import { showToast } from '../../components/toast-store.ts'

/** Which key signs, and how to replace it. */
export function SigningKeySection() {
  const { data, error } = useQuery(signingKeyQuery)
  const [isReplacing, setReplacing] = useState(false)
  if (!data) return <ProblemNote error={error} />
  const { kid, createdAt, earlier, behind } = data
  return (
    <div className="max-w-2xl space-y-4">
      <p>
        <Mono>{kid.slice(0, 8)}</Mono> signs
        {createdAt === null ? (
          ', since this server was set up.'
        ) : (
          <>
            , made <Ago atMs={createdAt} />.
          </>
        )}{' '}
        {earlier.length > 0 && 'What the key before it signed still counts for a while.'}
      </p>
      {behind.length > 0 && (
        <p className="text-ink-soft">
          Too old to follow a new key: {behind.map(({ hostname }) => hostname).join(', ')}. Update{' '}
          {behind.length === 1 ? 'it' : 'them'} first.
        </p>
      )}
      <Button onClick={() => setReplacing(true)}>Replace the signing key</Button>
      {isReplacing && <ReplaceDialog kid={kid} onClose={() => setReplacing(false)} />}
    </div>
  )
}

function ReplaceDialog({ kid, onClose }: { kid: string; onClose: () => void }) {
  const queryClient = useQueryClient()
  const [isStolen, setStolen] = useState(false)
  const replacing = useMutation({
    mutationFn: () => take(api.POST('/api/v1/signing-key/replace', { body: { replaces: kid, isStolen } })),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: keys.signingKey })
      showToast({ text: 'A new key signs from now on. Edges follow by themselves.' })
      onClose()
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title="Replace the signing key?"
      action="Replace it"
      danger={isStolen}
      busy={replacing.isPending}
      error={replacing.error}
      onConfirm={() => replacing.mutate()}
    >
      <p>
        The old key vouches for the new one and is thrown away. Edges follow by themselves, also those that
        are away now. Deployments go on.
      </p>
      <label className="touchable flex items-start gap-3">
        <input
          type="checkbox"
          className="mt-1.5 accent-touch"
          checked={isStolen}
          onChange={(event) => setStolen(event.target.checked)}
        />
        Somebody may have stolen the old one: edges forget it for good.
      </label>
      {isStolen && (
        <p>
          What people asked of a BMC in this minute is refused: ask again. After you restore a backup from
          before today, every edge has to join again.
        </p>
      )}
    </ConfirmDialog>
  )
}
