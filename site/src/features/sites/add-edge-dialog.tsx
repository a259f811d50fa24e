import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { api, take } from '../../api/client.ts'
import { edgesQuery } from '../../api/queries.ts'
import type { Edge, EnrolmentToken, Site } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { CopyButton } from '../../components/copy-button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { Icon } from '../../components/icons.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { useNow } from '../../components/use-now.ts'
import { formatDuration } from '../../format/time.ts'
import { Fingerprint } from './fingerprint.tsx'

/** The command to run on the site's LAN; turns green when the edge has connected. */
export function AddEdgeDialog({ site, onClose }: { site: Site; onClose: () => void }) {
  const { data: edges } = useQuery({ ...edgesQuery, refetchInterval: 5000 })
  const knownBefore = useRef<Set<string> | null>(null)
  if (edges) knownBefore.current ??= new Set(edges.map((edge) => edge.edgeId))
  const arrived = edges?.find((edge) => edge.siteId === site.siteId && !knownBefore.current?.has(edge.edgeId))

  const asking = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/sites/{siteId}/enrolment-tokens', { params: { path: { siteId: site.siteId } } }),
      ),
  })
  const { mutate: ask } = asking
  const asked = useRef(false)
  useEffect(() => {
    if (asked.current) return
    asked.current = true
    ask()
  }, [ask])

  return (
    <Dialog
      open
      onOpenChange={onClose}
      wide
      title={`Add an edge to ${site.name}`}
      description="Run this on a Linux host in that LAN, with Node 20 or newer. It calls home over HTTPS; no port has to be opened."
    >
      <ProblemNote error={asking.error} />
      {asking.data && (
        <JoinCommand
          token={asking.data}
          busy={asking.isPending}
          spent={Boolean(arrived)}
          onRenew={() => ask()}
        />
      )}
      <div role="status" aria-live="polite" className="mt-6">
        {arrived ? (
          <Arrived edge={arrived} />
        ) : (
          asking.data && <p className="text-ink-soft">Waiting for it to connect …</p>
        )}
      </div>
      <DialogActions>
        <Button look={arrived ? 'primary' : 'quiet'} onClick={onClose}>
          {arrived ? 'Done' : 'Close'}
        </Button>
      </DialogActions>
    </Dialog>
  )
}

interface JoinCommandProps {
  token: EnrolmentToken
  busy: boolean
  spent: boolean
  onRenew: () => void
}

function JoinCommand({ token, busy, spent, onRenew }: JoinCommandProps) {
  const now = useNow()
  const leftMs = token.expiresAt - now
  return (
    <>
      <section aria-label="Join command">
        <pre className="rounded-md bg-glass px-4 py-3 font-mono text-[0.85rem] leading-relaxed break-all whitespace-pre-wrap text-[#eeebf4]">
          {token.command}
        </pre>
      </section>
      <div className="mt-3 flex flex-wrap items-center gap-x-5 gap-y-2">
        <CopyButton text={token.command} label="Copy command" />
        {!spent &&
          (leftMs > 0 ? (
            <span className="num text-ink-soft">good for one edge, for {formatDuration(leftMs)}</span>
          ) : (
            <>
              <span className="text-wanted">It has expired.</span>
              <Button busy={busy} onClick={onRenew}>
                New command
              </Button>
            </>
          ))}
      </div>
    </>
  )
}

function Arrived({ edge }: { edge: Edge }) {
  return (
    <div className="border-l-[3px] border-alive-deep pl-4">
      <p className="flex items-center gap-2 text-xl text-alive">
        <Icon name="check" size={22} />
        {edge.hostname} {edge.status === 'online' ? 'is connected.' : 'has enrolled.'}
      </p>
      <p className="mt-2 text-ink-soft">Compare this fingerprint with the one in its terminal:</p>
      <p className="mt-1 text-lg">
        <Fingerprint value={edge.fingerprint} />
      </p>
      <p className="mt-3">Next: turn on the interface that your machines are on.</p>
    </div>
  )
}
