import type { SelRecord } from '../../codec/ipmi/sel-record.ts'

export type EventSeverity = 'ok' | 'warning' | 'critical' | 'unknown'

/** States by sensor type (IPMI 2.0 table 42-3) that want a person; the rest is news. */
const specific: Readonly<Record<number, { critical?: readonly number[]; warning?: readonly number[] }>> = {
  5: { warning: [0, 1, 2, 3, 5, 6] },
  6: { warning: [1, 2, 3, 4, 5] },
  7: { critical: [0, 1, 2, 3, 4, 6, 11], warning: [5, 10, 12] },
  8: { critical: [1, 3], warning: [2, 4, 5, 6] },
  9: { critical: [4, 5, 6], warning: [3, 7] },
  12: { critical: [1, 2, 3, 10], warning: [0, 4, 5, 7, 9] },
  13: { critical: [1, 6], warning: [2, 5, 8] },
  15: { critical: [0, 1] },
  16: { warning: [0, 4, 5] },
  18: { critical: [2] },
  19: { critical: [1, 4, 5, 8, 9, 10], warning: [0, 2, 3, 6, 7, 11] },
  25: { critical: [0, 1] },
  27: { warning: [1] },
  30: { warning: [0, 1, 2, 3] },
  32: { critical: [0, 1] },
  33: { critical: [0] },
  35: { warning: [1, 2, 3] },
  40: { critical: [3, 4, 5], warning: [0, 1, 2] },
  41: { critical: [1], warning: [0] },
  42: { warning: [2, 3] },
}

/** The same for the generic states of table 42-2. */
const generic: Readonly<Record<number, { critical?: readonly number[]; warning?: readonly number[] }>> = {
  1: { critical: [2, 3, 4, 5, 8, 9, 10, 11], warning: [0, 1, 6, 7] },
  4: { warning: [1] },
  5: { warning: [1] },
  6: { warning: [1] },
  7: { critical: [2, 3, 5, 6], warning: [1, 4] },
  10: { warning: [6, 8] },
  11: { critical: [5], warning: [1, 2, 3, 4, 6, 7] },
}

/** How much an entry of the event log matters. What is over is fine; what only its maker understands is unknown. */
export function eventSeverity(record: SelRecord): EventSeverity {
  if (record.kind === 'oem') return 'unknown'
  const { eventType, sensorType, isDeasserted, data } = record
  const levels = eventType === 0x6f ? specific[sensorType] : generic[eventType]
  const offset = (data[0] ?? 0) & 0x0f
  if (eventType >= 0x70 || sensorType >= 0xc0) return 'unknown'
  if (isDeasserted || !levels) return 'ok'
  if (levels.critical?.includes(offset)) return 'critical'
  return levels.warning?.includes(offset) ? 'warning' : 'ok'
}
