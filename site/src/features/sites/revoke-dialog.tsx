import { useQuery } from '@tanstack/react-query'
import { api, done } from '../../api/client.ts'
import { edgePasswordsQuery } from '../../api/queries.ts'
import type { Edge } from '../../api/views.ts'
import { Machines } from './edge-passwords.tsx'
import { EdgeQuestion } from './edge-question.tsx'

export function RevokeDialog({ edge, onClose }: { edge: Edge; onClose: () => void }) {
  const known = useQuery(edgePasswordsQuery(edge.edgeId)).data?.known ?? []
  return (
    <EdgeQuestion
      title={`Revoke ${edge.hostname}?`}
      action="Revoke"
      danger
      ask={() => done(api.DELETE('/api/v1/edges/{edgeId}', { params: { path: { edgeId: edge.edgeId } } }))}
      onClose={onClose}
    >
      <p>
        Its tunnel is cut and its key is refused from now on. To work here again, it has to be enrolled again.
      </p>
      {known.length > 0 && (
        <p>
          It can read the BMC passwords of <Machines machines={known} /> If it fell into other hands, change
          those on the BMCs; its entry here keeps the list.
        </p>
      )}
    </EdgeQuestion>
  )
}
