import { api, take } from '../../api/client.ts'
import type { Edge } from '../../api/views.ts'
import { EdgeQuestion } from './edge-question.tsx'

export function askForUpdate(edgeId: string) {
  return take(api.POST('/api/v1/edges/{edgeId}/update', { params: { path: { edgeId } } }))
}

/** Asks before an edge becomes another version. */
export function UpdateDialog({ edge, onClose }: { edge: Edge; onClose: () => void }) {
  return (
    <EdgeQuestion
      title={`Update ${edge.hostname}?`}
      action={`Update to ${edge.update.available}`}
      keep="Not now"
      ask={() => askForUpdate(edge.edgeId)}
      onClose={onClose}
    >
      <p>
        It goes from version {edge.version} to {edge.update.available}. Machines boot meanwhile, and what is
        being written goes on after a moment.
      </p>
      <p>If the new version does not serve within half a minute, the old one comes back by itself.</p>
    </EdgeQuestion>
  )
}
