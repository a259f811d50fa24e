import { api, take } from '../../api/client.ts'
import type { Edge } from '../../api/views.ts'
import { EdgeQuestion } from './edge-question.tsx'

export function NewKeyDialog({ edge, onClose }: { edge: Edge; onClose: () => void }) {
  return (
    <EdgeQuestion
      title={`A new key for ${edge.hostname}?`}
      action="Replace the key"
      ask={() => take(api.POST('/api/v1/edges/{edgeId}/key', { params: { path: { edgeId: edge.edgeId } } }))}
      onClose={onClose}
    >
      <p>
        The edge makes a new key and shows it here with the old one, which counts no more from then on. Its
        fingerprint is another one afterwards. It does this by itself every 90 days.
      </p>
      {edge.status !== 'online' && <p>It is not connected: it does so when it is back.</p>}
    </EdgeQuestion>
  )
}
