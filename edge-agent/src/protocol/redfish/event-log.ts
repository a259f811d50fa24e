import type { BmcLogEntry } from '@dragonfly/schema/wire'
import { parseTime, type Resource, textAt, valueAt } from './resource.ts'
import { parseHealth } from './sensors.ts'

/** Logs of what happened to the hardware, the best first, by the last part of their paths. */
const preferred = [
  /^sel$/i,
  /^iml$/i,
  /^standardlog$/i,
  /^platformlog$/i,
  /^log1$/i,
  /^eventlog$/i,
  /^logs?$/i,
  /^bios$/i,
]
/** Logs of something else: who logged in, what the BMC's Linux prints, dumps. */
const others =
  /audit|journal|hostlogger|console|dump|crash|postcode|lclog|faultlist|maintenance|diagnostic|^sl$|^iel$|security/i

/** The log to read as a machine's event log. Null when there is none. */
export function chooseEventLog(paths: readonly string[]): string | null {
  const name = (path: string) => path.replace(/\/$/, '').split('/').at(-1) ?? ''
  for (const pattern of preferred) {
    const found = paths.find((path) => pattern.test(name(path)))
    if (found !== undefined) return found
  }
  return paths.find((path) => !others.test(name(path))) ?? null
}

export function parseLogEntry(resource: Resource): BmcLogEntry | null {
  const id = textAt(resource, 'Id') ?? textAt(resource, 'MemberId') ?? textAt(resource, 'EventId')
  const text = textAt(resource, 'Message') ?? textAt(resource, 'Name') ?? textAt(resource, 'MessageId')
  if (id === null || text === null) return null
  const at = parseTime(valueAt(resource, 'EventTimestamp')) ?? parseTime(valueAt(resource, 'Created'))
  const sensor = textAt(resource, 'SensorType') ?? textAt(resource, 'OemSensorType') ?? ''
  const severity = parseHealth(textAt(resource, 'Severity') ?? textAt(resource, 'MessageSeverity'))
  return { id, at, sensor, text, severity }
}

/** Oldest first, whichever way the BMC lists them. */
export function sortEntries(entries: readonly BmcLogEntry[]): BmcLogEntry[] {
  const [first] = entries
  const last = entries.at(-1)
  const isBackwards = first?.at != null && last?.at != null && first.at > last.at
  return isBackwards ? entries.toReversed() : [...entries]
}
