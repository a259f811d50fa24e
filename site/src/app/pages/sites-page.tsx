import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { edgesQuery, sitesQuery } from '../../api/queries.ts'
import type { Edge, Site } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Empty, Page } from '../../components/page.tsx'
import { AddEdgeDialog } from '../../features/sites/add-edge-dialog.tsx'
import { CreateSiteDialog } from '../../features/sites/create-site-dialog.tsx'
import { SiteSection } from '../../features/sites/site-section.tsx'
import { isTroubled } from '../../features/sites/update-standing.ts'
import { capitalise, countOf, spell } from '../../format/words.ts'

const none: never[] = []

export function SitesPage() {
  const { data: sites } = useQuery(sitesQuery)
  const { data: edges = none } = useQuery(edgesQuery)
  const search = useSearch({ from: '/portal/sites' })
  const navigate = useNavigate({ from: '/sites' })
  const [creating, setCreating] = useState(false)
  const [enrolAt, setEnrolAt] = useState<Site | null>(null)
  const enrolSite = enrolAt ?? (search.do === 'enrol' ? sites?.[0] : undefined)
  // An edge needs a site first; once there is one, enrolling goes on by itself.
  const isCreating = creating || (search.do === 'enrol' && sites?.length === 0)
  const closeCreating = (isDone?: boolean): void => {
    setCreating(false)
    if (!isDone && search.do === 'enrol') void navigate({ search: {}, replace: true })
  }
  return (
    <Page
      title="Sites"
      lede={sites ? describeSites(sites, edges) : ' '}
      actions={
        <Button may="sites" onClick={() => setCreating(true)}>
          Create site
        </Button>
      }
    >
      {sites?.map((site) => (
        <SiteSection
          key={site.siteId}
          site={site}
          edges={edges.filter((edge) => edge.siteId === site.siteId)}
          onAddEdge={() => setEnrolAt(site)}
        />
      ))}
      {sites?.length === 0 && (
        <Empty
          title="There is no site yet."
          action={
            <Button may="sites" look="primary" onClick={() => setCreating(true)}>
              Create site
            </Button>
          }
        >
          A site is a place with a LAN: a rack, a room, a cupboard. Create one, then enrol an edge there.
        </Empty>
      )}
      {isCreating && <CreateSiteDialog onClose={closeCreating} />}
      {enrolSite && (
        <AddEdgeDialog
          key={enrolSite.siteId}
          site={enrolSite}
          onClose={() => {
            setEnrolAt(null)
            void navigate({ search: {}, replace: true })
          }}
        />
      )}
    </Page>
  )
}

function describeSites(sites: readonly Site[], edges: readonly Edge[]): string {
  const known = edges.filter((edge) => edge.status !== 'revoked')
  const troubled = known.filter((edge) => isTroubled(edge, Date.now())).length
  const online = known.filter((edge) => edge.status === 'online').length
  if (known.length === 0)
    return 'An edge is one small program on each LAN. It does what only a neighbour of the metal can do.'
  if (troubled > 0)
    return `${capitalise(spell(troubled))} ${troubled === 1 ? 'edge wants' : 'edges want'} you.`
  return `${capitalise(countOf(sites.length, 'site'))}, ${online} of ${countOf(known.length, 'edge')} online.`
}
