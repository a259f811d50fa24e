import { useQuery } from '@tanstack/react-query'
import { edgesQuery } from '../../api/queries.ts'
import type { Edge, EdgeFetch } from '../../api/views.ts'
import { Pole } from '../../components/pole.tsx'
import { fetchWork } from '../deployments/rate-store.ts'

/** What an edge fetches for itself: its boot bundle, the version that it is to become. */
export function EdgeFetches({ edge }: { edge: Edge }) {
  const { bundle, release } = edge.fetching
  if (edge.status !== 'online') return null
  return (
    <>
      {bundle && <Fetching edge={edge} what={`boot bundle ${bundle.version}`} fetch={bundle} />}
      {release && <Fetching edge={edge} what={`version ${release.version}`} fetch={release} />}
    </>
  )
}

function Fetching({ edge, what, fetch }: { edge: Edge; what: string; fetch: EdgeFetch }) {
  const { data: edges } = useQuery(edgesQuery)
  const source = edges?.find(({ edgeId }) => edgeId === fetch.fromEdgeId)?.hostname
  const words = `Fetching ${what}${source ? ` from edge ${source}` : ''}`
  return (
    <div className="mt-4 max-w-2xl">
      <p className="mb-1.5">{words}</p>
      <Pole
        label={words}
        work={fetchWork(edge.edgeId, fetch.version)}
        bytesDone={fetch.bytesDone}
        bytesTotal={fetch.bytesTotal}
      />
    </div>
  )
}
