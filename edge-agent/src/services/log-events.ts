import type { Log, LogFields } from '@dragonfly/schema/log'
import type { SiteEvent } from '@dragonfly/schema/wire'

/** What comes by the hundred, or is kept elsewhere in full. */
const unremarkable = new Set<SiteEvent['type']>([
  'log',
  'deployment.progress',
  'deployment.console',
  'bmc.log',
  'bmc.scan',
  'dhcp.leases',
])
const grave = new Set<SiteEvent['type']>([
  'deployment.failed',
  'image.failed',
  'bundle.failed',
  'journal.gap',
])

/** Fields that say what an event is about. Anything else of it may be long, or somebody's. */
const told = [
  'mac',
  'machineId',
  'deploymentId',
  'imageId',
  'commandId',
  'stage',
  'attempt',
  'reason',
  'problem',
  'decision',
  'connected',
  'powerState',
  'version',
] as const

/** A line for what happened at the site, once it is on its way to the control plane. */
export function logEvents(log: Log, events: readonly SiteEvent[]): void {
  for (const event of events) {
    const level = grave.has(event.type) ? 'warn' : unremarkable.has(event.type) ? 'debug' : 'info'
    log[level](event.type, pickFields(event))
  }
}

function pickFields(event: SiteEvent): LogFields {
  const fields: LogFields = {}
  for (const name of told) {
    const value: unknown = Reflect.get(event, name)
    if (['string', 'number', 'boolean'].includes(typeof value))
      fields[name] = value as string | number | boolean
  }
  const detail: unknown = Reflect.get(event, 'message')
  return typeof detail === 'string' ? { ...fields, detail } : fields
}
