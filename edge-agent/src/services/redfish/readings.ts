import type { Sensor } from '@dragonfly/schema/wire'
import {
  chooseSensorWatts,
  parseControlWatts,
  parseEnvironmentWatts,
  sumSupplyWatts,
} from '../../protocol/redfish/power-draw.ts'
import { linkAt, type Resource } from '../../protocol/redfish/resource.ts'
import {
  parseFan,
  parsePower,
  parseSensor,
  parseThermal,
  parseThermalMetrics,
} from '../../protocol/redfish/sensors.ts'
import type { RedfishMachine } from './machine.ts'
import { read, readIfThere, readMembers } from './resources.ts'

const mostSensors = 300
const mostChassis = 4

/** Temperatures, fans, voltages and power of the machine's chassis, in whichever form its BMC has them. */
export async function readSensors(machine: RedfishMachine): Promise<Sensor[]> {
  const sensors: Sensor[] = []
  for (const path of machine.chassisPaths.slice(0, mostChassis)) {
    const chassis = await readIfThere(machine.session, path)
    if (chassis) sensors.push(...(await readChassis(machine, chassis)))
  }
  return [...new Map(sensors.map((sensor) => [`${sensor.kind} ${sensor.name}`, sensor])).values()]
}

/** The old form is two requests, and says most; the new one is a request for each sensor. */
async function readChassis({ session }: RedfishMachine, chassis: Resource): Promise<Sensor[]> {
  const thermal = await readIfThere(session, linkAt(chassis, 'Thermal'))
  const power = await readIfThere(session, linkAt(chassis, 'Power'))
  const old = [...(thermal ? parseThermal(thermal) : []), ...(power ? parsePower(power) : [])]
  if (old.length > 0) return old
  const single = await readMembers(session, linkAt(chassis, 'Sensors'), mostSensors)
  const sensors = single.flatMap(({ resource }) => parseSensor(resource) ?? [])
  return sensors.length > 0 ? sensors : readThermalSubsystem(session, chassis)
}

async function readThermalSubsystem(
  session: RedfishMachine['session'],
  chassis: Resource,
): Promise<Sensor[]> {
  const subsystem = await readIfThere(session, linkAt(chassis, 'ThermalSubsystem'))
  if (!subsystem) return []
  const metrics = await readIfThere(session, linkAt(subsystem, 'ThermalMetrics'))
  const fans = await readMembers(session, linkAt(subsystem, 'Fans'), 64)
  return [
    ...(metrics ? parseThermalMetrics(metrics) : []),
    ...fans.flatMap(({ resource }) => parseFan(resource) ?? []),
  ]
}

/** What the machine draws, in watts; null where its BMC does not measure it. */
export async function readPowerDraw(machine: RedfishMachine): Promise<number | null> {
  for (const path of machine.chassisPaths.slice(0, mostChassis)) {
    const watts = await readChassisWatts(machine, await read(machine.session, path))
    if (watts !== null) return watts
  }
  return null
}

/** Four generations of Redfish measure it in four places; those that take one request come first. */
async function readChassisWatts({ session }: RedfishMachine, chassis: Resource): Promise<number | null> {
  const environment = await readIfThere(session, linkAt(chassis, 'EnvironmentMetrics'))
  const measured = environment ? parseEnvironmentWatts(environment) : null
  if (measured !== null) return measured
  const power = await readIfThere(session, linkAt(chassis, 'Power'))
  const controlled = power ? parseControlWatts(power) : null
  if (controlled !== null) return controlled
  const subsystem = await readIfThere(session, linkAt(chassis, 'PowerSubsystem'))
  const supplied = subsystem ? await readSupplyWatts(session, subsystem) : null
  if (supplied !== null) return supplied
  const sensors = await readMembers(session, linkAt(chassis, 'Sensors'), mostSensors)
  return chooseSensorWatts(sensors.map(({ resource }) => resource))
}

async function readSupplyWatts(
  session: RedfishMachine['session'],
  subsystem: Resource,
): Promise<number | null> {
  const supplies = await readMembers(session, linkAt(subsystem, 'PowerSupplies'), 16)
  const metrics = await Promise.all(
    supplies.map(({ resource }) => readIfThere(session, linkAt(resource, 'Metrics'))),
  )
  return sumSupplyWatts(metrics.filter((metric) => metric !== null))
}
