import { isActive } from '@dragonfly/schema/state'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { sitesQuery } from '../../api/queries.ts'
import type { Deployment, MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { CopyButton } from '../../components/copy-button.tsx'
import { Facts, Mono } from '../../components/facts.tsx'
import { Empty } from '../../components/page.tsx'
import { Ago } from '../../components/time.tsx'
import { useNow } from '../../components/use-now.ts'
import { formatDuration } from '../../format/time.ts'
import { countOf } from '../../format/words.ts'
import { durationMs } from '../deployments/bar-cells.ts'
import { DeployDialog } from '../deployments/deploy-dialog.tsx'
import { TimelineView } from '../deployments/timeline-view.tsx'
import { refusal } from './facts.ts'
import { ImageNotice } from './image-notice.tsx'
import { LogTail } from './log-tail.tsx'
import { waitsForWork } from './ramdisk-note.tsx'

/** What the machine is at: its newest deployment as a line through its stages. */
export function NowTab({ machine }: { machine: MachineDetail }) {
  const { deployment } = machine
  if (!deployment) return <Idle machine={machine} />
  return (
    <div className="grid gap-x-16 gap-y-10 lg:grid-cols-[minmax(0,1fr)_19rem]">
      <div>
        <Outcome machine={machine} deployment={deployment} />
        <ImageNotice machine={machine} deployment={deployment} />
        <TimelineView deployment={deployment} />
        {isActive(deployment.status) && (
          <LogTail machineId={machine.machineId} deploymentId={deployment.deploymentId} />
        )}
      </div>
      <DeploymentFacts deployment={deployment} />
    </div>
  )
}

function Idle({ machine }: { machine: MachineDetail }) {
  if (!machine.adopted)
    return (
      <Empty title="It waits to be adopted.">
        It asked to boot from the network, and Dragonfly took stock of it without altering a byte. Adopt it if
        it is yours; until then it boots its own disk.
      </Empty>
    )
  return (
    <Empty title="Ready when you are.">
      {waitsForWork(machine)
        ? 'Its ramdisk is up and waits for work: a deployment starts at once. Left alone, it boots its own disk in a while.'
        : 'Nothing was deployed on it by Dragonfly. It boots its own disk until a deployment is armed.'}
    </Empty>
  )
}

function Outcome({ machine, deployment }: { machine: MachineDetail; deployment: Deployment }) {
  const [again, setAgain] = useState(false)
  const deployAgain = (
    <>
      <Button may="deploy" look="primary" refusal={refusal('deploy', machine)} onClick={() => setAgain(true)}>
        Deploy again
      </Button>
      {again && <DeployDialog machine={machine} previous={deployment} onClose={() => setAgain(false)} />}
    </>
  )
  if (deployment.status === 'failed')
    return (
      <section aria-label="What happened" className="mb-9 border-l-[3px] border-failed pl-5">
        <h2 className="text-2xl font-light tracking-tight text-failed">
          {deployment.failure?.message ?? 'The deployment failed.'}
        </h2>
        {deployment.failure && (
          <p className="mt-2 max-w-2xl text-lg">
            <span className="text-ink-soft">What to do: </span>
            {deployment.failure.nextStep}
          </p>
        )}
        <div className="mt-4">{deployAgain}</div>
      </section>
    )
  if (deployment.status === 'aborted')
    return (
      <section aria-label="What happened" className="mb-9 border-l-[3px] border-wanted pl-5">
        <h2 className="text-2xl font-light tracking-tight">It was aborted.</h2>
        <div className="mt-3">{deployAgain}</div>
      </section>
    )
  if (deployment.status === 'written')
    return (
      <section aria-label="What happened" className="mb-9 border-l-[3px] border-control pl-5">
        <h2 className="text-2xl font-light tracking-tight">Written, not confirmed.</h2>
        <p className="mt-1 text-lg text-ink-soft">
          The disk holds {deployment.imageName}. This template has no way to hear from the installed system.
        </p>
      </section>
    )
  if (deployment.status === 'deployed') return <Success deployment={deployment} />
  if (deployment.abortRequested)
    return (
      <p className="mb-9 border-l-[3px] border-wanted pl-5 text-lg">
        An abort was asked for, and is not yet confirmed by the site.
      </p>
    )
  if (deployment.status === 'queued') return <Queued machine={machine} />
  return deployment.status === 'armed' ? <Armed machine={machine} deployment={deployment} /> : null
}

/** Nothing is to be done: it is armed when another one of its site is through. */
function Queued({ machine }: { machine: MachineDetail }) {
  const { data: sites } = useQuery(sitesQuery)
  const atOnce = sites?.find((site) => site.siteId === machine.siteId)?.deploymentsAtOnce
  return (
    <section aria-label="What happens" className="mb-9 border-l-[3px] border-touch pl-5">
      <h2 className="text-2xl font-light tracking-tight">It waits for its turn.</h2>
      <p className="mt-1 max-w-2xl text-lg text-ink-soft">
        {machine.siteName} deploys {atOnce === undefined ? 'a few machines' : countOf(atOnce, 'machine')} at a
        time. It is armed when one of those is through; until then it boots its own disk.
      </p>
    </section>
  )
}

/** An armed machine waits for a person, unless its ramdisk is up already. */
function Armed({ machine, deployment }: { machine: MachineDetail; deployment: Deployment }) {
  const now = useNow(30_000)
  if (waitsForWork(machine))
    return (
      <section aria-label="What to do" className="mb-9 border-l-[3px] border-alive-deep pl-5">
        <h2 className="text-2xl font-light tracking-tight">Its ramdisk takes the order now.</h2>
        <p className="mt-1 text-lg text-ink-soft">Nothing is left for you to do.</p>
      </section>
    )
  const last = deployment.timeline.findLast(({ note }) => note !== null)?.note
  if (machine.bmc)
    return (
      <section aria-label="What happens" className="mb-9 border-l-[3px] border-touch pl-5">
        <h2 className="text-2xl font-light tracking-tight">Its BMC powers it on, into the network.</h2>
        <p className="mt-1 max-w-2xl text-lg text-ink-soft">
          {last ?? 'As soon as its site has the order, the image and the ramdisk.'}
        </p>
      </section>
    )
  return (
    <section aria-label="What to do" className="mb-9 border-l-[3px] border-wanted pl-5">
      <h2 className="text-2xl font-light tracking-tight">Power it on, network boot first.</h2>
      <p className="mt-1 max-w-2xl text-lg text-ink-soft">
        Or restart it, if it runs. Nothing happens to it until it asks the network for a boot file; it stays
        armed for <span className="num">{formatDuration(deployment.armedUntil - now)}</span>.
      </p>
    </section>
  )
}

function Success({ deployment }: { deployment: Deployment }) {
  return (
    <section aria-label="What happened" className="mb-9 border-l-[3px] border-alive-deep pl-5">
      <h2 className="text-2xl font-light tracking-tight">It is up, and it called home.</h2>
      {deployment.address && (
        <p className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-2 text-lg">
          <Mono>{deployment.address}</Mono>
          <CopyButton text={deployment.address} label="Copy address" />
        </p>
      )}
      {deployment.sshHostKeys.length > 0 && (
        <details className="mt-3">
          <summary className="text-touch">SSH host keys</summary>
          <pre className="mt-2 overflow-x-auto font-mono text-[0.78rem] leading-relaxed text-ink-soft">
            {deployment.sshHostKeys.join('\n')}
          </pre>
        </details>
      )}
    </section>
  )
}

function DeploymentFacts({ deployment }: { deployment: Deployment }) {
  const now = useNow()
  const elapsed = durationMs(deployment, now)
  const active = isActive(deployment.status)
  return (
    <aside aria-label="This deployment" className="lg:border-l lg:border-line lg:pl-8 [&_dl]:lg:grid-cols-1">
      <Facts
        facts={
          [
            ['Image', deployment.imageName],
            ['Host name', <Mono key="name">{deployment.hostname}</Mono>],
            ['Disk', deployment.chosenDisk && <Mono key="disk">{deployment.chosenDisk}</Mono>],
            ['Template', deployment.templateTitle],
            [
              active ? 'Running for' : 'Took',
              elapsed !== null && <span className="num text-xl font-light">{formatDuration(elapsed)}</span>,
            ],
            ['Try', deployment.attempt > 1 ? `${deployment.attempt} of 3` : null],
            ['Asked for', <Ago key="at" atMs={deployment.createdAt} />],
            ['By', deployment.createdBy],
            [
              'Armed until',
              deployment.status === 'armed' &&
                new Date(deployment.armedUntil).toLocaleString('en-GB', {
                  dateStyle: 'medium',
                  timeStyle: 'short',
                }),
            ],
          ].filter(([, value]) => value !== false) as [string, React.ReactNode][]
        }
      />
    </aside>
  )
}
