import type { Sensor } from '@dragonfly/schema/wire'

export interface Temperatures {
  inletCelsius: number | null
  /** Of the parts of the machine: what blows out of it does not count, nor margins that count down. */
  hottestCelsius: number | null
}

const inletNames = /\b(inlet|intake|ambient|front ?panel|air ?in)\b/i
/** Degrees that are left until throttling: Dell and Supermicro call them temperatures as well. */
const marginNames = /margin|dts|tjmax|headroom|\bvs\b/i
const isTemperature = ({ kind, unit }: Sensor) => kind === 'temperature' || unit === '°C'
/** What a broken or absent sensor says. */
const isPlausible = (celsius: number) => celsius > -40 && celsius < 200

/** The two temperatures that lists and plots show. */
export function pickTemperatures(sensors: readonly Sensor[]): Temperatures {
  const usable = sensors.flatMap((sensor) => {
    const { value, name } = sensor
    if (!isTemperature(sensor) || value === null || !isPlausible(value) || marginNames.test(name)) return []
    return [{ ...sensor, value }]
  })
  const inlet = usable.find(({ isInlet }) => isInlet) ?? usable.find(({ name }) => inletNames.test(name))
  const hottest = usable.reduce<number | null>((most, { value }) => Math.max(most ?? value, value), null)
  return { inletCelsius: inlet?.value ?? null, hottestCelsius: hottest }
}
