import type { MachineStatus } from '@dragonfly/schema/state'
import { useMemo } from 'react'
import type { Summary } from '../../api/views.ts'
import { statusLabel } from '../../components/status-mark.tsx'
import { formatDuration } from '../../format/time.ts'
import { createAnonymousCells } from '../deployments/bar-cells.ts'
import { ElectricStrip } from '../deployments/electric-strip.tsx'

const shown: readonly MachineStatus[] = [
  'deployed',
  'ready',
  'queued',
  'armed',
  'deploying',
  'discovered',
  'failed',
]

const colours: Record<MachineStatus, string> = {
  deployed: 'text-alive',
  deploying: 'text-alive',
  queued: 'text-touch',
  armed: 'text-touch',
  ready: '',
  discovered: 'text-wanted',
  failed: 'text-failed',
}

export function SummaryView({ summary }: { summary: Summary }) {
  const cells = useMemo(() => createAnonymousCells(summary.bar), [summary.bar])
  const total = shown.reduce((sum, status) => sum + summary.machines[status], 0)
  return (
    <>
      <h1 className="text-4xl font-light tracking-tight sm:text-[2.75rem]">{summary.organisation}</h1>
      <p className="mt-2 text-lg text-ink-soft">{describeDeployed(summary)}</p>
      <dl className="mt-8 grid grid-cols-3 gap-y-5 sm:flex sm:flex-wrap sm:gap-x-10">
        <Count label="Machines" count={total} colour="" />
        {shown.map((status) => (
          <Count
            key={status}
            label={statusLabel(status)}
            count={summary.machines[status]}
            colour={summary.machines[status] > 0 ? colours[status] : 'text-ink-faint'}
          />
        ))}
      </dl>
      <section aria-label="Last 100 deployments" className="mt-8">
        <ElectricStrip
          cells={cells}
          crackling={cells.some((cell) => cell.status === 'running')}
          shown={null}
          onShow={() => undefined}
        />
        <p className="num mt-2 text-[0.95rem] text-ink-soft">{describeBar(summary)}</p>
      </section>
    </>
  )
}

function Count({ label, count, colour }: { label: string; count: number; colour: string }) {
  return (
    <div className="flex flex-col-reverse">
      <dt className="label">{label}</dt>
      <dd className={`num text-3xl leading-tight font-light ${colour}`}>{count.toLocaleString('en-GB')}</dd>
    </div>
  )
}

function describeDeployed({ deployedTotal, deployedLastWeek }: Summary): string {
  if (deployedTotal === 0) return 'Nothing has been deployed yet.'
  if (deployedTotal === 1) return 'One deployment so far.'
  const number = (count: number): string => count.toLocaleString('en-GB')
  const recent =
    deployedLastWeek === 0 ? 'none' : deployedLastWeek === deployedTotal ? 'all' : number(deployedLastWeek)
  return `${number(deployedTotal)} deployments so far, ${recent} of them within the last week.`
}

function describeBar({ bar, averageMs }: Summary): string {
  if (bar.length === 0) return ''
  const which = bar.length === 1 ? 'The one deployment' : `The last ${bar.length} deployments`
  return averageMs === null ? `${which}.` : `${which}: ${formatDuration(averageMs)} on average.`
}
