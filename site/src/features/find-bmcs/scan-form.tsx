import { parseScanRange, publicRangeSentence } from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Site } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { SelectField, TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { Choice } from '../people/person-fields.tsx'

interface ScanFormProps {
  sites: readonly Site[]
  siteId: string
  isScanning: boolean
  onSite: (siteId: string) => void
}

/** Which addresses of which site are looked at. */
export function ScanForm({ sites, siteId, isScanning, onSite }: ScanFormProps) {
  const queryClient = useQueryClient()
  const [range, setRange] = useState('')
  const [isOurs, setIsOurs] = useState(false)
  const [tried, setTried] = useState(false)
  const parsed = parseScanRange(range)
  const isPublic = parsed.kind === 'range' && parsed.range.isPublic
  const scanning = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/sites/{siteId}/bmc-scan', {
          params: { path: { siteId } },
          body: { range, ...(isPublic ? { confirmPublic: isOurs } : {}) },
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.bmcScan(siteId) }),
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    if (parsed.kind === 'range' && (!isPublic || isOurs) && !isScanning && siteId) scanning.mutate()
  }
  const refusal = isPublic && !isOurs ? 'Say first that these addresses are yours.' : null
  return (
    <form onSubmit={submit} className="max-w-3xl" aria-label="What to scan">
      <div className="grid items-start gap-x-4 gap-y-4 sm:grid-cols-[1fr_14rem_auto]">
        <TextField
          label="Addresses"
          mono
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          value={range}
          onChange={(event) => {
            setRange(event.target.value)
            setIsOurs(false)
          }}
          placeholder="10.0.0.0/24"
          hint="A network, or first - last: the addresses that your BMCs have."
          error={tried && parsed.kind === 'refused' ? parsed.message : null}
        />
        <SelectField label="Site" value={siteId} onChange={(event) => onSite(event.target.value)}>
          {sites.map((site) => (
            <option key={site.siteId} value={site.siteId}>
              {site.name}
            </option>
          ))}
        </SelectField>
        <Button
          look="primary"
          type="submit"
          may="bmcs"
          className="sm:mt-7"
          busy={scanning.isPending}
          refusal={isScanning ? 'This site is being scanned: stop that first.' : refusal}
        >
          Scan
        </Button>
      </div>
      {isPublic && (
        <div className="mt-4 border-l-[3px] border-wanted pl-4">
          <p>{publicRangeSentence}</p>
          <Choice checked={isOurs} onChange={setIsOurs}>
            These addresses are ours
          </Choice>
        </div>
      )}
      <ProblemNote error={scanning.error} />
    </form>
  )
}
