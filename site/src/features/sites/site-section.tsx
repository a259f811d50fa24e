import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Edge, Site } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { SelectField } from '../../components/field.tsx'
import { showToast } from '../../components/toast-store.ts'
import { countOf } from '../../format/words.ts'
import { SiteDrawPanel } from '../monitoring/site-draw.tsx'
import { DeleteSiteDialog } from './delete-site-dialog.tsx'
import { EdgeCard } from './edge-card.tsx'
import { RenameSiteDialog } from './rename-site-dialog.tsx'
import { SiteSafety } from './site-safety.tsx'

const policies: Record<Site['unknownMachines'], { title: string; sentence: string }> = {
  discover: {
    title: 'Discover them once',
    sentence:
      'An unknown machine that boots from the network is taken stock of, read-only, then left to its own disk.',
  },
  hold: {
    title: 'Hold them',
    sentence: 'An unknown machine waits at the boot loader until somebody adds it.',
  },
  ignore: {
    title: 'Ignore them',
    sentence: 'An unknown machine gets no answer, and its firmware goes on to the next boot device.',
  },
}

interface SiteSectionProps {
  site: Site
  edges: readonly Edge[]
  onAddEdge: () => void
}

export function SiteSection({ site, edges, onAddEdge }: SiteSectionProps) {
  const [asked, setAsked] = useState<'rename' | 'delete' | null>(null)
  return (
    <section aria-label={site.name} className="mt-12 first:mt-0">
      <header className="flex flex-wrap items-end gap-x-6 gap-y-3 border-b border-line pb-3">
        <h2 className="text-3xl font-light tracking-tight">{site.name}</h2>
        <Link
          to="/"
          search={{ site: site.siteId }}
          className="touchable inline-flex items-end pb-0.5 text-ink-soft hover:text-touch hover:underline"
        >
          {countOf(site.machineCount, 'machine')}
        </Link>
        <div className="ml-auto flex flex-wrap justify-end gap-x-1 gap-y-2">
          <Button may="sites" look="quiet" onClick={() => setAsked('rename')}>
            Rename
          </Button>
          <Button
            may="sites"
            look="quiet"
            refusal={
              site.machineCount > 0
                ? `${site.name} still has ${countOf(site.machineCount, 'machine')}: delete them first.`
                : null
            }
            onClick={() => setAsked('delete')}
          >
            Delete
          </Button>
          <Button may="edges" className="ml-2" onClick={onAddEdge}>
            Add an edge
          </Button>
        </div>
      </header>
      {asked === 'rename' && <RenameSiteDialog site={site} onClose={() => setAsked(null)} />}
      {asked === 'delete' && <DeleteSiteDialog site={site} onClose={() => setAsked(null)} />}
      <SiteDrawPanel site={site} />
      {edges.length > 0 ? (
        <div className="divide-y divide-line">
          {edges.map((edge) => (
            <EdgeCard key={edge.edgeId} edge={edge} />
          ))}
        </div>
      ) : (
        <p className="max-w-2xl py-6 text-lg text-ink-soft">
          No edge works here yet. Add one: it is a single command on any Linux host in this LAN, and it needs
          no open port.
        </p>
      )}
      <Policy site={site} />
      <SiteSafety site={site} />
    </section>
  )
}

function Policy({ site }: { site: Site }) {
  const queryClient = useQueryClient()
  const patching = useMutation({
    mutationFn: (unknownMachines: Site['unknownMachines']) =>
      take(
        api.PATCH('/api/v1/sites/{siteId}', {
          params: { path: { siteId: site.siteId } },
          body: { unknownMachines },
        }),
      ),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.sites }),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
  })
  const change = (policy: Site['unknownMachines']): void => {
    const before = site.unknownMachines
    patching.mutate(policy, {
      onSuccess: () =>
        showToast({
          text: `Unknown machines at ${site.name}: ${policies[policy].title.toLowerCase()}.`,
          undo: () => patching.mutate(before),
        }),
    })
  }
  const shown = patching.isPending ? patching.variables : site.unknownMachines
  return (
    <div className="mt-2 max-w-md">
      <SelectField
        label="Unknown machines"
        value={shown}
        onChange={(event) => change(event.target.value as Site['unknownMachines'])}
        hint={policies[shown].sentence}
      >
        {Object.entries(policies).map(([policy, { title }]) => (
          <option key={policy} value={policy}>
            {title}
          </option>
        ))}
      </SelectField>
    </div>
  )
}
