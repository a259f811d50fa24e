import type { Sensor } from '../../api/views.ts'

const first = ['temperature', 'fan', 'power', 'current', 'voltage', 'power supply', 'memory', 'processor']
const healthOrder = ['critical', 'warning', 'ok', 'unknown']

/** By kind, those that people look for first; within one, what wants a person comes first. */
export function groupSensors(sensors: readonly Sensor[]): { kind: string; sensors: Sensor[] }[] {
  const groups = [...Map.groupBy(sensors, ({ kind }) => kind.toLowerCase())]
  const place = (kind: string) => (first.includes(kind) ? first.indexOf(kind) : first.length)
  return groups
    .sort(([a], [b]) => place(a) - place(b) || a.localeCompare(b))
    .map(([kind, members]) => ({
      kind: kind || 'other',
      sensors: members.toSorted((a, b) => healthOrder.indexOf(a.health) - healthOrder.indexOf(b.health)),
    }))
}

export function formatReading({ value, unit }: Pick<Sensor, 'value' | 'unit'>): string {
  if (value === null) return '–'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return `${Number(value.toFixed(digits))}${unit ? ` ${unit}` : ''}`
}

/** "critical below 500, from 5 to 90, critical above 100" shortened to what there is. */
export function describeLimits({ thresholds, unit }: Pick<Sensor, 'thresholds' | 'unit'>): string {
  if (!thresholds) return ''
  const say = (words: string, value: number | undefined) =>
    value === undefined ? [] : [`${words} ${formatReading({ value, unit })}`]
  return [
    ...say('critical below', thresholds.lowerCritical ?? thresholds.lowerFatal),
    ...say('warning below', thresholds.lowerWarning),
    ...say('warning above', thresholds.upperWarning),
    ...say('critical above', thresholds.upperCritical ?? thresholds.upperFatal),
  ].join(', ')
}
