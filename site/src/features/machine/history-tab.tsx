import { lazy, Suspense, useState } from 'react'
import type { Deployment, MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Empty } from '../../components/page.tsx'
import { StatusMark } from '../../components/status-mark.tsx'
import { useNow } from '../../components/use-now.ts'
import { formatDate, formatDuration } from '../../format/time.ts'
import { durationMs } from '../deployments/bar-cells.ts'
import { TimelineView } from '../deployments/timeline-view.tsx'

/** It brings the terminal along, which is large. */
const RecordingDialog = lazy(() => import('../console/recording-dialog.tsx'))

export function HistoryTab({ machine }: { machine: MachineDetail }) {
  if (machine.deployments.length === 0)
    return (
      <Empty title="No history yet.">
        Every deployment of this machine is kept here, with the time of each stage.
      </Empty>
    )
  return (
    <ul aria-label="Past deployments" className="divide-y divide-line border-y border-line">
      {machine.deployments.map((deployment) => (
        <Row key={deployment.deploymentId} deployment={deployment} />
      ))}
    </ul>
  )
}

function Row({ deployment }: { deployment: Deployment }) {
  const now = useNow(60_000)
  const duration = durationMs(deployment, now)
  return (
    <li>
      <details className="group">
        <summary className="flex flex-wrap items-baseline gap-x-6 gap-y-1 py-3 hover:bg-hover/60">
          <span className="w-full sm:w-44">
            <StatusMark status={deployment.status} />
          </span>
          <span className="min-w-48 grow font-semibold">{deployment.imageName}</span>
          <span className="text-ink-soft">{deployment.hostname}</span>
          <span className="num sm:w-24 sm:text-right">
            {duration === null ? '' : formatDuration(duration)}
          </span>
          <span className="num sm:w-36 sm:text-right text-ink-faint">
            {formatDate(deployment.createdAt, now)}
          </span>
        </summary>
        <div className="max-w-3xl py-4 pl-1">
          {deployment.failure && (
            <p className="mb-4 border-l-[3px] border-failed pl-4">
              {deployment.failure.message}{' '}
              <span className="text-ink-soft">{deployment.failure.nextStep}</span>
            </p>
          )}
          <TimelineView deployment={deployment} />
          {deployment.consoleBytes > 0 && <Recording deployment={deployment} />}
        </div>
      </details>
    </li>
  )
}

function Recording({ deployment }: { deployment: Deployment }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <div className="mt-5">
      <Button may="console" onClick={() => setOpen(true)}>
        Play its console
      </Button>
      {isOpen && (
        <Suspense fallback={null}>
          <RecordingDialog deployment={deployment} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </div>
  )
}
