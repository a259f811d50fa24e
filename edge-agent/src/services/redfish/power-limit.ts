import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import {
  linkAt,
  listAt,
  numberAt,
  type Resource,
  resourceAt,
  textAt,
} from '../../protocol/redfish/resource.ts'
import type { RedfishMachine } from './machine.ts'
import { isRefusal, patch, read, readIfThere } from './resources.ts'

const mostChassis = 4

/** Where a chassis has a limit on its draw, and what it is. */
interface LimitPlace {
  path: string
  watts: number | null
  /** What to write, the best first; null lifts the limit. */
  render(watts: number | null): Resource[]
}

/** Watts that the machine's draw is kept below; null where nothing limits it. @throws RedfishError `not-supported` */
export async function readPowerLimit(machine: RedfishMachine): Promise<number | null> {
  // Where there are two, both show the same one.
  const [place] = await findPlaces(machine)
  if (!place) throw unlimited()
  return place.watts
}

/** Limits the machine's draw, or lifts the limit. The BMC refuses what is out of its range. */
export async function setPowerLimit(machine: RedfishMachine, watts: number | null): Promise<void> {
  let refusal: unknown = unlimited()
  const wishes = (await findPlaces(machine)).flatMap(({ path, render }) =>
    render(watts).map((body) => ({ path, body })),
  )
  for (const { path, body } of wishes) {
    try {
      await patch(machine.session, path, body, { what: 'setting the power limit' })
      return
    } catch (error) {
      if (!isRefusal(error)) throw error
      refusal = error
    }
  }
  throw refusal
}

function unlimited(): RedfishError {
  return new RedfishError('not-supported', 'This BMC has no limit for the machine’s draw over Redfish.')
}

/** The new form (EnvironmentMetrics, 2020.4) before the old one (Power). */
async function findPlaces({ session, chassisPaths }: RedfishMachine): Promise<LimitPlace[]> {
  const places: LimitPlace[] = []
  for (const path of chassisPaths.slice(0, mostChassis)) {
    const chassis = await read(session, path)
    const environmentPath = linkAt(chassis, 'EnvironmentMetrics')
    const environment = await readIfThere(session, environmentPath)
    if (environmentPath && environment && 'PowerLimitWatts' in environment)
      places.push(readControl(environmentPath, resourceAt(environment, 'PowerLimitWatts')))
    const powerPath = linkAt(chassis, 'Power')
    const power = await readIfThere(session, powerPath)
    const controls = power ? listAt(power, 'PowerControl') : []
    if (powerPath && controls[0] && 'PowerLimit' in controls[0])
      places.push(readPowerControl(powerPath, controls))
  }
  return places
}

/** The excerpt of a Control; not all have a mode. */
function readControl(path: string, control: Resource): LimitPlace {
  const hasMode = 'ControlMode' in control
  const mode = (isOn: boolean) => (hasMode ? { ControlMode: isOn ? 'Automatic' : 'Disabled' } : {})
  return {
    path,
    watts: textAt(control, 'ControlMode') === 'Disabled' ? null : limitOf(numberAt(control, 'SetPoint')),
    render: (watts) => [
      {
        PowerLimitWatts: {
          ...(watts === null && hasMode ? {} : { SetPoint: watts }),
          ...mode(watts !== null),
        },
      },
    ],
  }
}

/**
 * Entry 0 is the whole server; an empty object leaves an entry as it is (DSP0266, PATCH of arrays). A machine that can't
 * keep its limit is to go on: many BMCs come with HardPowerOff.
 */
function readPowerControl(path: string, controls: readonly Resource[]): LimitPlace {
  const [whole = {}, ...parts] = controls
  const exception = textAt(whole, 'PowerLimit', 'LimitException')
  const body = (limit: Resource): Resource => ({
    PowerControl: [{ PowerLimit: limit }, ...parts.map(() => ({}))],
  })
  return {
    path,
    watts: limitOf(numberAt(whole, 'PowerLimit', 'LimitInWatts')),
    render: (watts) => [
      ...(watts !== null && exception !== null
        ? [body({ LimitInWatts: watts, LimitException: 'LogEventOnly' })]
        : []),
      ...(watts === null || exception !== 'HardPowerOff' ? [body({ LimitInWatts: watts })] : []),
    ],
  }
}

/** Some write a zero where there is none. */
const limitOf = (watts: number | null): number | null => (watts === 0 ? null : watts)
