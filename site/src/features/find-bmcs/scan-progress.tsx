import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { BmcScan } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { PoleBar } from '../../components/pole.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { StatusMark } from '../../components/status-mark.tsx'
import { Ago } from '../../components/time.tsx'
import { countOf } from '../../format/words.ts'

/** How far a scan has got, or how it ended. */
export function ScanProgress({ scan }: { scan: BmcScan }) {
  const { status, range, addresses, addressesDone, message, rows } = scan
  const queryClient = useQueryClient()
  const stopping = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/sites/{siteId}/bmc-scan/cancel', { params: { path: { siteId: scan.siteId } } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.bmcScan(scan.siteId) }),
  })
  if (status === 'pending')
    return (
      <div className="max-w-3xl">
        <PoleBar
          label={`Scanning ${range}`}
          percent={(100 * addressesDone) / addresses}
          turning={!scan.queued && !scan.cancelling}
        />
        <div className="mt-2 flex flex-wrap items-center gap-x-5 gap-y-2">
          <span className="num text-ink-soft" role="status">
            {scan.queued ? (
              <StatusMark status="queued" label="Not yet confirmed by the site: no edge is connected" />
            ) : (
              `${addressesDone.toLocaleString('en-GB')} of ${countOf(addresses, 'address', 'addresses')}, ${countOf(rows.length, 'BMC')} so far`
            )}
          </span>
          <Button
            may="bmcs"
            busy={stopping.isPending || scan.cancelling}
            onClick={() => stopping.mutate()}
            className="sm:ml-auto"
          >
            {scan.cancelling ? 'Stopping' : 'Stop'}
          </Button>
        </div>
        <ProblemNote error={stopping.error} />
      </div>
    )
  return (
    <div className="max-w-3xl">
      <p className="flex flex-wrap items-baseline gap-x-3">
        <span className="font-mono text-[0.95rem]">{range}</span>
        <span className="text-ink-faint">
          scanned {scan.endedAt !== null && <Ago atMs={scan.endedAt} />}
          {scan.createdBy && `, ${scan.createdBy}`}
        </span>
      </p>
      <p className={status === 'failed' ? 'text-failed' : 'text-ink-soft'}>{message}</p>
    </div>
  )
}
