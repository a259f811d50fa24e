import { bmcProblemTexts } from '@dragonfly/schema/state'
import type { Machine } from '../../api/views.ts'
import { formatAgo } from '../../format/time.ts'

type Summary = NonNullable<Machine['bmc']>

/** What keeps the site from a BMC, in a few words. */
export function bmcTrouble({ problemKind }: Pick<Summary, 'problemKind'>): string {
  return bmcProblemTexts[problemKind ?? 'lost'].title
}

const words = { on: 'On', off: 'Off', unknown: 'Power not known' } as const

/** Whether a machine has power, as its BMC says; a BMC that is lost is shown as such, and not as "off". */
export function PowerMark({ bmc, isTerse }: { bmc: Summary; isTerse?: boolean }) {
  const { powerState, powerStateAt, problem, problemKind, problemSince } = bmc
  const trouble = bmcTrouble(bmc)
  const since = powerStateAt === null ? '' : `, seen ${formatAgo(powerStateAt, Date.now())}`
  const isLost = (problemKind ?? 'lost') === 'lost'
  const lost = problemSince !== null && isLost ? `${trouble} ${formatAgo(problemSince, Date.now())}` : trouble
  const last = powerState === 'unknown' ? '' : `, last ${words[powerState].toLowerCase()}`
  const text = problem ? `${lost}${last}` : words[powerState]
  const colour = problem ? 'text-wanted' : powerState === 'on' ? 'text-alive' : 'text-ink-faint'
  return (
    <span
      className={`inline-flex gap-2 ${isTerse || !problem ? 'items-center whitespace-nowrap' : 'items-baseline'} ${colour}`}
      title={problem ?? `${text}${since}`}
    >
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" className="shrink-0">
        <path
          d={problem ? 'M3 3l6 6M9 3l-6 6' : 'M6 1.2v4.3M3.4 2.9a4.2 4.2 0 1 0 5.2 0'}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.6"
          strokeLinecap="round"
        />
      </svg>
      <span className={isTerse ? 'sr-only' : ''}>{text}</span>
    </span>
  )
}
