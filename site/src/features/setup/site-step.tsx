import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { edgesQuery, sitesQuery } from '../../api/queries.ts'
import type { Edge, Site } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icons.tsx'
import { AddEdgeDialog } from '../sites/add-edge-dialog.tsx'
import { CreateSiteDialog } from '../sites/create-site-dialog.tsx'
import { Fingerprint } from '../sites/fingerprint.tsx'
import { RenameSiteDialog } from '../sites/rename-site-dialog.tsx'

type Asked = { kind: 'create' } | { kind: 'rename' | 'enrol'; site: Site }

export function SiteStep() {
  const { data: sites } = useQuery(sitesQuery)
  const { data: edges = [] } = useQuery({ ...edgesQuery, refetchInterval: 5000 })
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = (): void => setAsked(null)
  return (
    <div className="max-w-3xl">
      {sites?.map((site) => (
        <section key={site.siteId} aria-label={site.name} className="mb-6 border-b border-line pb-5">
          <header className="flex flex-wrap items-baseline gap-x-4 gap-y-2">
            <h3 className="grow text-2xl font-light tracking-tight">{site.name}</h3>
            <Button look="quiet" onClick={() => setAsked({ kind: 'rename', site })}>
              Rename
            </Button>
            <Button onClick={() => setAsked({ kind: 'enrol', site })}>Add an edge</Button>
          </header>
          <SiteEdges
            edges={edges.filter((edge) => edge.siteId === site.siteId && edge.status !== 'revoked')}
          />
        </section>
      ))}
      {sites && (
        <Button
          look={sites.length === 0 ? 'primary' : 'plain'}
          may="sites"
          onClick={() => setAsked({ kind: 'create' })}
        >
          Create site
        </Button>
      )}
      {asked?.kind === 'create' && <CreateSiteDialog onClose={close} />}
      {asked?.kind === 'rename' && <RenameSiteDialog site={asked.site} onClose={close} />}
      {asked?.kind === 'enrol' && <AddEdgeDialog site={asked.site} onClose={close} />}
    </div>
  )
}

function SiteEdges({ edges }: { edges: readonly Edge[] }) {
  if (edges.length === 0)
    return (
      <p className="mt-2 text-ink-soft">
        No edge works here yet. Add one: it is a single command on any Linux host in this LAN.
      </p>
    )
  return edges.map((edge) => (
    <p key={edge.edgeId} className="mt-2 flex flex-wrap items-center gap-x-3">
      {edge.status === 'online' ? (
        <span className="flex items-center gap-2 text-alive">
          <Icon name="check" size={20} />
          {edge.hostname} is connected.
        </span>
      ) : (
        <span className="text-wanted">{edge.hostname} has enrolled, and is not connected.</span>
      )}
      <span className="text-[0.9rem] text-ink-faint">
        Fingerprint <Fingerprint value={edge.fingerprint} />
      </span>
    </p>
  ))
}
