import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** What must outlive a crash of the agent within one boot: that this boot has taken its one order. */
export interface BootRecord {
  orderId: string
  epoch: number
}

/** Null when this boot has taken no order. */
export function readBootRecord(path: string): BootRecord | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value !== 'object' || value === null) return null
    if (!('orderId' in value) || !('epoch' in value)) return null
    const { orderId, epoch } = value
    return typeof orderId === 'string' && typeof epoch === 'number' ? { orderId, epoch } : null
  } catch {
    return null
  }
}

export function writeBootRecord(path: string, record: BootRecord): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify(record))
}
