import { listAt, numberAt, type Resource, textAt } from './resource.ts'

const mostWatts = 1_000_000

function plausible(watts: number | null): number | null {
  return watts !== null && watts >= 0 && watts < mostWatts ? watts : null
}

/** `Chassis/<id>/EnvironmentMetrics` (2020.4). */
export function parseEnvironmentWatts(resource: Resource): number | null {
  return plausible(numberAt(resource, 'PowerWatts', 'Reading'))
}

/** The sum of what `PowerSupplies/<id>/Metrics` take in; null when none says. */
export function sumSupplyWatts(metrics: readonly Resource[]): number | null {
  const watts = metrics.flatMap((metric) => plausible(numberAt(metric, 'InputPowerWatts', 'Reading')) ?? [])
  return watts.length > 0 ? watts.reduce((sum, one) => sum + one, 0) : null
}

/** `Chassis/<id>/Power`: entry 0 is the whole server, further ones are parts of it. */
export function parseControlWatts(power: Resource): number | null {
  const [whole] = listAt(power, 'PowerControl')
  const consumed = whole ? plausible(numberAt(whole, 'PowerConsumedWatts')) : null
  if (consumed !== null) return consumed
  const inputs = listAt(power, 'PowerSupplies').flatMap(
    (supply) => plausible(numberAt(supply, 'PowerInputWatts')) ?? [],
  )
  return inputs.length > 0 ? inputs.reduce((sum, one) => sum + one, 0) : null
}

/** Among all sensors, the one that measures the whole machine. */
export function chooseSensorWatts(sensors: readonly Resource[]): number | null {
  const power = sensors.filter((sensor) => textAt(sensor, 'ReadingType') === 'Power')
  const wholes = power.filter((sensor) => {
    const name = `${textAt(sensor, 'Name') ?? ''} ${textAt(sensor, 'Id') ?? ''}`
    return /total|pwr ?consumption|power ?consumption|system ?(input)? ?power|chassis|sys_?pwr/i.test(name)
  })
  const [chosen] = wholes.length > 0 ? wholes : power.length === 1 ? power : []
  return chosen ? plausible(numberAt(chosen, 'Reading')) : null
}
