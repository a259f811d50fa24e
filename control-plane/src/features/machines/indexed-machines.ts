import type { MachineView } from '@dragonfly/schema/api'
import { isActive, type MachineStatus } from '@dragonfly/schema/state'
import type { DeploymentProgress } from '../../ports/index.ts'
import type { LoadedMachines, MachineReadings } from './changed-machines.ts'
import { compareMachines, matchesSearch } from './view.ts'

export interface MachineFilter {
  siteId?: string | undefined
  status?: MachineStatus | undefined
  q?: string | undefined
}

/** Rendered machines in the order of the list, each beside its JSON once that was asked for. */
export interface IndexedMachines {
  /** Of the database, up to which this is complete; null before anything was taken. */
  revision(): number | null
  size(): number
  /** False when nothing changed. */
  take(loaded: LoadedMachines): boolean
  /** Ids of deployments that may have live values. */
  activeDeployments(): readonly string[]
  /** False when no live value is another one. */
  takeProgress(progress: ReadonlyMap<string, DeploymentProgress>): boolean
  /** The body of an answer: what the filter leaves, of the sites that a person may see. */
  render(
    filter: MachineFilter,
    siteIds: readonly string[] | null,
    page: { limit?: number | undefined; offset?: number | undefined },
  ): Uint8Array<ArrayBuffer>
}

interface Entry {
  view: MachineView
  /** Null until an answer has it in it: readings of thousands of machines change each minute. */
  json: Uint8Array | null
  /** Of its deployment, as the database has it. */
  stored: Progress
}
type Progress = { bytesDone: number | null; bytesTotal: number | null }

/** Above this, sorting everything is quicker than finding each one's place. */
const mostPlaced = 500
const encoder = new TextEncoder()

export function createIndexedMachines(): IndexedMachines {
  let revision: number | null = null
  let order: Entry[] = []
  const byMachine = new Map<string, Entry>()
  const active = new Map<string, Entry>()

  const compare = (a: Entry, b: Entry): number => compareMachines(a.view, b.view)
  const place = (entry: Entry): void => {
    let [low, high] = [0, order.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const other = order[middle]
      if (other && compare(other, entry) <= 0) low = middle + 1
      else high = middle
    }
    order.splice(low, 0, entry)
  }
  const replace = (remains: (view: MachineView) => boolean, views: readonly MachineView[]): void => {
    const entries = views.map(createEntry)
    order = order.filter(({ view }) => remains(view))
    if (entries.length > mostPlaced) order = [...order, ...entries].sort(compare)
    else for (const entry of entries) place(entry)
    active.clear()
    byMachine.clear()
    for (const entry of order) {
      const { machineId, deployment } = entry.view
      byMachine.set(machineId, entry)
      if (deployment && isActive(deployment.status)) active.set(deployment.deploymentId, entry)
    }
  }

  const measure = ({ machineId, ...readings }: MachineReadings): void => {
    const entry = byMachine.get(machineId)
    if (!entry?.view.bmc) return
    entry.view = { ...entry.view, bmc: { ...entry.view.bmc, ...readings } }
    entry.json = null
  }

  return {
    revision: () => revision,
    size: () => order.length,
    take({ revision: next, subjects, views, readings }) {
      revision = next
      if (subjects === 'all') replace(() => false, views)
      else if (subjects.size > 0)
        replace(({ machineId, siteId }) => !subjects.has(machineId) && !subjects.has(siteId), views)
      for (const reading of readings) measure(reading)
      return subjects === 'all' || subjects.size > 0 || readings.length > 0
    },
    activeDeployments: () => [...active.keys()],
    takeProgress(progress) {
      let isChanged = false
      for (const [deploymentId, entry] of active) {
        const { deployment } = entry.view
        const now: Progress = progress.get(deploymentId) ?? entry.stored
        if (
          !deployment ||
          (deployment.bytesDone === now.bytesDone && deployment.bytesTotal === now.bytesTotal)
        )
          continue
        isChanged = true
        const { bytesDone, bytesTotal } = now
        entry.view = { ...entry.view, deployment: { ...deployment, bytesDone, bytesTotal } }
        entry.json = null
      }
      return isChanged
    },
    render(filter, siteIds, { limit, offset = 0 }) {
      const isSeen = createFilter(filter, siteIds)
      const found = order.filter(({ view }) => isSeen(view))
      const page = found.slice(offset, limit === undefined ? undefined : offset + limit)
      return joinJson(
        page.map((entry) => {
          entry.json ??= encode(entry.view)
          return entry.json
        }),
        found.length,
      )
    },
  }
}

function createEntry(view: MachineView): Entry {
  const { bytesDone = null, bytesTotal = null } = view.deployment ?? {}
  return { view, json: null, stored: { bytesDone, bytesTotal } }
}

function encode(view: MachineView): Uint8Array {
  return encoder.encode(JSON.stringify(view))
}

function createFilter(
  { siteId, status, q }: MachineFilter,
  siteIds: readonly string[] | null,
): (view: MachineView) => boolean {
  const mayBeSeen = siteIds && new Set(siteIds)
  return (view) =>
    (mayBeSeen === null || mayBeSeen.has(view.siteId)) &&
    (!siteId || view.siteId === siteId) &&
    (!status || view.status === status) &&
    (!q || matchesSearch(view, q))
}

/** `{"items":[...],"total":N}` of JSON texts that are encoded already. */
function joinJson(items: readonly Uint8Array[], total: number): Uint8Array<ArrayBuffer> {
  const [head, tail] = [encoder.encode('{"items":['), encoder.encode(`],"total":${total}}`)]
  const itemsBytes = items.reduce((sum, item) => sum + item.length, 0)
  const commas = Math.max(0, items.length - 1)
  const body = new Uint8Array(head.length + itemsBytes + commas + tail.length)
  body.set(head)
  let at = head.length
  for (const [index, item] of items.entries()) {
    if (index > 0) body[at++] = comma
    body.set(item, at)
    at += item.length
  }
  body.set(tail, at)
  return body
}

const comma = 0x2c
