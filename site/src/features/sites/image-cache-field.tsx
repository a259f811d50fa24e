import { type FormEvent, useState } from 'react'
import type { Site } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { TextField } from '../../components/field.tsx'
import type { usePatchSite } from './use-patch-site.ts'

/** How much of its disk each edge of a site may fill with images; empty: the edge decides by the disk. */
export function ImageCacheField({
  site,
  patching,
}: {
  site: Site
  patching: ReturnType<typeof usePatchSite>
}) {
  const [typed, setTyped] = useState(String(site.imageCacheGib ?? ''))
  const imageCacheGib = typed === '' ? null : Number(typed)
  const isWrong =
    imageCacheGib !== null &&
    !(Number.isInteger(imageCacheGib) && imageCacheGib >= 1 && imageCacheGib <= 1_000_000)
  const isChanged = imageCacheGib !== site.imageCacheGib
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (!isWrong && isChanged) patching.mutate({ imageCacheGib })
  }
  return (
    <form onSubmit={submit} className="flex max-w-md items-start gap-3">
      <div className="grow">
        <TextField
          label="Image cache of each edge, GiB"
          inputMode="numeric"
          placeholder="Automatic"
          value={typed}
          onChange={(event) => setTyped(event.target.value.trim())}
          hint="What was not used for longest makes room, and is imported again when a deployment wants it. Empty: all of the disk but 10 %, and at least 1 GiB."
          error={isWrong ? 'A whole number from 1 to 1,000,000, or nothing.' : null}
        />
      </div>
      {isChanged && !isWrong && (
        <Button type="submit" may="sites" className="mt-7" busy={patching.isPending}>
          Save
        </Button>
      )}
    </form>
  )
}
