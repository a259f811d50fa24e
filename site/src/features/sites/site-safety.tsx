import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { safetyQuery } from '../../api/queries.ts'
import type { Site } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { TextField } from '../../components/field.tsx'
import { MinimumField } from '../safety/minimum-field.tsx'
import { SwitchRows } from '../safety/switch-rows.tsx'
import { ImageCacheField } from './image-cache-field.tsx'
import { usePatchSite } from './use-patch-site.ts'

/** How careful a site is: its switches, safe mode, how many machines are deployed at a time, what its edges keep. */
export function SiteSafety({ site }: { site: Site }) {
  const { data: safety } = useQuery(safetyQuery)
  const patching = usePatchSite(site)
  const isOff = site.reimage === 'off' || site.powerControl === 'off'
  const asked = patching.isPending ? patching.variables.minimumSafety : undefined
  return (
    <details open={isOff || undefined} className="mt-6 border-t border-line pt-3">
      <summary className="touchable flex items-center text-touch">Safety and limits</summary>
      <div className="space-y-6 pt-3 pb-2">
        <SwitchRows
          scope={{ siteId: site.siteId, where: `at ${site.name}` }}
          switches={site}
          above={safety}
        />
        <MinimumField
          value={asked ?? site.minimumSafety}
          onChange={(minimumSafety) => patching.mutate({ minimumSafety })}
        />
        <AtOnce key={site.deploymentsAtOnce} site={site} patching={patching} />
        <ImageCacheField key={`cache ${site.imageCacheGib}`} site={site} patching={patching} />
      </div>
    </details>
  )
}

function AtOnce({ site, patching }: { site: Site; patching: ReturnType<typeof usePatchSite> }) {
  const [typed, setTyped] = useState(String(site.deploymentsAtOnce))
  const count = Number(typed)
  const isWrong = !(Number.isInteger(count) && count >= 1 && count <= 20_000)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (!isWrong && count !== site.deploymentsAtOnce) patching.mutate({ deploymentsAtOnce: count })
  }
  return (
    <form onSubmit={submit} className="flex max-w-md items-start gap-3">
      <div className="grow">
        <TextField
          label="Machines deployed at a time"
          inputMode="numeric"
          value={typed}
          onChange={(event) => setTyped(event.target.value.trim())}
          hint="Those above wait in a queue, and are armed as others end."
          error={isWrong ? 'A whole number from 1 to 20,000.' : null}
        />
      </div>
      {count !== site.deploymentsAtOnce && !isWrong && (
        <Button type="submit" may="sites" className="mt-7" busy={patching.isPending}>
          Save
        </Button>
      )}
    </form>
  )
}
