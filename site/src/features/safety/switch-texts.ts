import { type SafetyControl, type SafetySwitches, safetyControls } from '@dragonfly/schema/state'
import type { Machine, Safety, Site } from '../../api/views.ts'
import { listOf } from '../../format/words.ts'

export interface SwitchScope {
  /** Null: all sites. */
  siteId: string | null
  /** "at Attic", "for all sites". */
  where: string
}

export const controlTexts: Record<SafetyControl, { title: string; on: string; off: string; whenOn: string }> =
  {
    reimage: {
      title: 'Reimaging',
      on: 'Machines can be deployed over.',
      off: 'No machine is deployed over: the portal, the API and the edges refuse. What is being written goes on.',
      whenOn: 'Machines can be deployed over again, by everybody whose role allows it.',
    },
    powerControl: {
      title: 'Power control',
      on: 'Machines can be switched on, off and reset by their BMCs.',
      off: 'No machine is switched on, off or reset: the portal, the API and the edges refuse.',
      whenOn: 'Machines can be switched on, off and reset again, by everybody whose role allows it.',
    },
  }

/** What a switch means where it stands; one that is on helps nothing while the one above it is off. */
export function describeSwitch(
  control: SafetyControl,
  switches: SafetySwitches,
  above: SafetySwitches | undefined,
): string {
  if (switches[control] === 'off') return controlTexts[control].off
  return above?.[control] === 'off'
    ? 'It is on here, which helps only when it is on in the settings, too.'
    : controlTexts[control].on
}

/** What is switched off, and where, in sentences for everybody. */
export function describeSwitchedOff(safety: Safety | undefined, sites: readonly Site[]): string[] {
  return safetyControls.flatMap((control) => {
    const { title } = controlTexts[control]
    if (safety?.[control] === 'off') return [`${title} is switched off for all sites.`]
    const off = sites.filter((site) => site[control] === 'off').map(({ name }) => name)
    return off.length > 0 ? [`${title} is switched off at ${listOf(off)}.`] : []
  })
}

/** "reimaging off", for a line under a machine's site; null when all is on. */
export function switchedOffNote(machine: Pick<Machine, SafetyControl>): string | null {
  const off = safetyControls.filter((control) => machine[control] === 'off')
  if (off.length === 0) return null
  return `${listOf(off.map((control) => controlTexts[control].title.toLowerCase()))} off`
}
