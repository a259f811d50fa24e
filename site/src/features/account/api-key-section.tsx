import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, done } from '../../api/client.ts'
import { apiKeysQuery, keys } from '../../api/queries.ts'
import type { ApiKey, Me } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { Section } from '../../components/page.tsx'
import { Ago } from '../../components/time.tsx'
import { formatDate } from '../../format/time.ts'
import { ApiKeyDialog } from './api-key-dialog.tsx'

export function ApiKeySection({ me }: { me: Me }) {
  const { data: apiKeys = [] } = useQuery(apiKeysQuery)
  const [making, setMaking] = useState(false)
  const [deleting, setDeleting] = useState<ApiKey | null>(null)
  return (
    <Section
      title="API keys"
      aside={
        <Button look="quiet" onClick={() => setMaking(true)}>
          Make a key
        </Button>
      }
    >
      {apiKeys.length === 0 && (
        <p className="max-w-2xl text-ink-soft">
          A key lets a script do what you may do, or less. Send it as{' '}
          <code className="font-mono text-[0.85em]">Authorization: Bearer dfk_…</code>.
        </p>
      )}
      <ul className="divide-y divide-line">
        {apiKeys.map((key) => (
          <li key={key.keyId} className="flex flex-wrap items-baseline gap-x-4 py-3">
            <span className="font-semibold">{key.name}</span>
            <span className="font-mono text-[0.85em] text-ink-soft">{key.start}…</span>
            <span className="text-ink-soft">{key.scopes.join(', ')}</span>
            <span className="text-[0.95rem] text-ink-faint">
              {describeExpiry(key)}, used <Ago atMs={key.lastUsedAt} />
            </span>
            <Button look="quiet" className="ml-auto" onClick={() => setDeleting(key)}>
              Delete
            </Button>
          </li>
        ))}
      </ul>
      {making && <ApiKeyDialog me={me} onClose={() => setMaking(false)} />}
      {deleting && <DeleteKey apiKey={deleting} onClose={() => setDeleting(null)} />}
    </Section>
  )
}

function describeExpiry({ expiresAt }: ApiKey): string {
  if (expiresAt === null) return 'does not expire'
  const now = Date.now()
  return `${expiresAt <= now ? 'expired' : 'expires'} ${formatDate(expiresAt, now)}`
}

function DeleteKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const queryClient = useQueryClient()
  const deleting = useMutation({
    mutationFn: () =>
      done(api.DELETE('/api/v1/me/api-keys/{keyId}', { params: { path: { keyId: apiKey.keyId } } })),
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.apiKeys })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Delete the key ${apiKey.name}?`}
      action="Delete"
      danger
      busy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
    >
      <p>What uses it is refused from now on.</p>
    </ConfirmDialog>
  )
}
