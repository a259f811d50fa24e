import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { siteDrawsQuery } from '../../api/queries.ts'
import type { Site, SiteDraw } from '../../api/views.ts'
import { SelectField } from '../../components/field.tsx'
import { formatCelsius, formatWatts } from '../../format/quantities.ts'
import { countOf } from '../../format/words.ts'
import { SamplePlots } from './sample-plots.tsx'

/** What a site draws, now and over time; of one of its racks, if it has some. */
export function SiteDrawPanel({ site }: { site: Site }) {
  const { data: draws } = useQuery(siteDrawsQuery)
  const [rackId, setRackId] = useState('')
  const draw = draws?.find(({ siteId }) => siteId === site.siteId)
  if (!draw) return null
  const rack = draw.racks.find((other) => other.rackId === rackId)
  return (
    <section aria-label={`Power of ${site.name}`} className="mt-6">
      <div className="flex flex-wrap items-end gap-x-8 gap-y-3">
        <div>
          <div className="label">Draws now</div>
          <div className="num text-2xl font-light">{describeDraw(rack ?? draw)}</div>
        </div>
        <p className="max-w-xl text-ink-soft">{rack ? describeMeasured(rack) : describeMachines(draw)}</p>
        {draw.racks.length > 0 && (
          <div className="w-44">
            <SelectField label="Of" value={rackId} onChange={(event) => setRackId(event.target.value)}>
              <option value="">the whole site</option>
              {draw.racks.map((each) => (
                <option key={each.rackId} value={each.rackId}>
                  {each.name}
                </option>
              ))}
            </SelectField>
          </div>
        )}
      </div>
      <div className="mt-4">
        <SamplePlots
          key={rackId}
          subject={{ siteId: site.siteId, ...(rack ? { rackId } : {}) }}
          whenEmpty="Nothing was measured in this time. The plot begins a few minutes after the first BMC of the site has answered."
        />
      </div>
    </section>
  )
}

type Draw = Pick<SiteDraw, 'powerWatts' | 'measured' | 'hottestInletCelsius'>

function describeDraw({ powerWatts }: Draw): string {
  return powerWatts === null ? '–' : formatWatts(powerWatts)
}

function describeMeasured({ measured, hottestInletCelsius }: Draw): string {
  const inlet =
    hottestInletCelsius === null ? '' : `, the warmest inlet ${formatCelsius(hottestInletCelsius)}`
  return `${countOf(measured, 'machine')} measured${inlet}.`
}

function describeMachines(draw: SiteDraw): string {
  const lost = draw.lost > 0 ? `, ${countOf(draw.lost, 'BMC')} lost` : ''
  return `${draw.on} on, ${draw.off} off${lost}; ${describeMeasured(draw)}`
}
