import { machines } from '@dragonfly/schema/db'
import type { Inventory, SiteEvent } from '@dragonfly/schema/wire'
import { type SQL, sql } from 'drizzle-orm'
import type { Statement } from '../batch.ts'
import type { Database, EdgeIdentity } from '../deps.ts'

/**
 * What an entry tells of a machine that is known already. Thousands of machines tell such things at the same moment:
 * what a run of entries tells is written by one statement of each kind, however many machines it is about.
 */
export type MachineReport =
  | ({ kind: 'sighting' } & Sighting)
  | ({ kind: 'power' } & PowerReport)
  | ({ kind: 'log' } & LogReport)

interface Sighting {
  machineId: string
  at: number
  /** Of its ramdisk, to the edge that tells. Null where nothing is said. */
  ramdisk: 'connected' | 'left' | null
  /** Null where nothing is said. */
  hardware: Hardware | null
}

/** What is kept of an inventory. Null is what it does not say: what the machine told before stays. */
export interface Hardware {
  kind: 'metal' | 'vm'
  smbiosUuid: string | null
  serial: string | null
  address: string | null
  manufacturer: string | null
  product: string | null
  cpuModel: string | null
  cpuThreads: number
  memoryBytes: number
  diskBytes: number
  foundOs: string | null
  inventoryAt: number
  inventory: Inventory
}

interface PowerReport {
  machineId: string
  at: number
  /** Null where it was not to be seen: the last one that was stays. */
  powerState: string | null
  edgeId: string | null
  problem: string | null
  problemSince: number | null
}

interface LogReport {
  machineId: string
  deploymentId: string | null
  lines: Extract<SiteEvent, { type: 'log' }>['lines']
}

/** A statement each for the kinds that there are. */
export function writeReports(
  db: Database,
  edge: EdgeIdentity,
  reports: readonly MachineReport[],
): Statement[] {
  const sightings = foldSightings(reports.filter((report) => report.kind === 'sighting'))
  const powers = foldPowers(reports.filter((report) => report.kind === 'power'))
  const logs = reports.filter((report) => report.kind === 'log')
  const plain = sightings.filter(({ hardware }) => hardware === null)
  const shown = sightings.flatMap(({ hardware, ...rest }) => (hardware ? [{ ...rest, hardware }] : []))
  return [
    ...(plain.length > 0 ? [writeSightings(db, edge, plain)] : []),
    ...(shown.length > 0 ? [writeHardware(db, edge, shown)] : []),
    ...(powers.length > 0 ? [writePowers(db, powers)] : []),
    ...(logs.length > 0 ? [writeLogs(db, logs)] : []),
  ]
}

interface FoldedSighting extends Omit<Sighting, 'at' | 'ramdisk'> {
  firstAt: number
  lastAt: number
  /** `gone`: it connected to this edge, and left. */
  ramdisk: Sighting['ramdisk'] | 'gone'
}

function foldSightings(sightings: readonly Sighting[]): FoldedSighting[] {
  const folded = new Map<string, FoldedSighting>()
  for (const { machineId, at, ramdisk, hardware } of sightings) {
    const before = folded.get(machineId)
    const wasHere = before?.ramdisk === 'connected' || before?.ramdisk === 'gone'
    folded.set(machineId, {
      machineId,
      firstAt: Math.min(before?.firstAt ?? at, at),
      lastAt: Math.max(before?.lastAt ?? at, at),
      ramdisk: ramdisk === 'left' && wasHere ? 'gone' : (ramdisk ?? before?.ramdisk ?? null),
      hardware: foldHardware(before?.hardware ?? null, hardware),
    })
  }
  return [...folded.values()]
}

function foldHardware(before: Hardware | null, now: Hardware | null): Hardware | null {
  if (!before || !now) return now ?? before
  return {
    ...now,
    smbiosUuid: now.smbiosUuid ?? before.smbiosUuid,
    serial: now.serial ?? before.serial,
    address: now.address ?? before.address,
  }
}

interface FoldedPower extends Omit<PowerReport, 'at'> {
  seenAt: number | null
  updatedAt: number
}

function foldPowers(powers: readonly PowerReport[]): FoldedPower[] {
  const folded = new Map<string, FoldedPower>()
  for (const { at, powerState, ...rest } of powers) {
    const before = folded.get(rest.machineId)
    folded.set(rest.machineId, {
      ...rest,
      powerState: powerState ?? before?.powerState ?? null,
      seenAt: powerState === null ? (before?.seenAt ?? null) : at,
      updatedAt: Math.max(before?.updatedAt ?? at, at),
    })
  }
  return [...folded.values()]
}

type Value = string | number | null

/**
 * In SQL: rows of values as a table; their places are those of `value ->> N`. Half a surrogate pair, which JSON can
 * carry, would become text that is no UTF-8: SQLite takes it, and whoever reads it fails.
 */
function tableOf(rows: readonly (readonly Value[])[]): SQL {
  const wellFormed = (value: Value) => (typeof value === 'string' ? value.toWellFormed() : value)
  return sql`json_each(${JSON.stringify(rows.map((row) => row.map(wellFormed)))})`
}

/** A replayed journal tells of old times: what was seen later stays. Another edge may have taken the ramdisk over. */
const seen = ({ edgeId }: EdgeIdentity) => sql`
  first_seen_at = min(coalesce(first_seen_at, t.first_at), t.first_at),
  last_seen_at = max(coalesce(last_seen_at, t.last_at), t.last_at),
  ramdisk_edge_id = case t.ramdisk when 'connected' then ${edgeId} when 'gone' then null
    when 'left' then nullif(ramdisk_edge_id, ${edgeId}) else ramdisk_edge_id end`

const seenColumns = sql`value ->> 0 as id, value ->> 1 as first_at, value ->> 2 as last_at, value ->> 3 as ramdisk`

function writeSightings(db: Database, edge: EdgeIdentity, sightings: readonly FoldedSighting[]): Statement {
  const rows = sightings.map((each) => [each.machineId, each.firstAt, each.lastAt, each.ramdisk])
  return db.run(sql`update machines set ${seen(edge)}
    from (select ${seenColumns} from ${tableOf(rows)}) t where machines.machine_id = t.id`)
}

/** What an inventory says anew each time, and what stays when it says nothing now. */
const renewed = [
  ...(['kind', 'inventoryAt', 'manufacturer', 'product', 'cpuModel', 'cpuThreads'] as const),
  ...(['memoryBytes', 'diskBytes', 'foundOs', 'inventory'] as const),
]
const stays = ['smbiosUuid', 'serial', 'address'] as const
const hardwareKeys = [...renewed, ...stays]
const nameOf = (key: keyof Hardware): string => machines[key].name
const hardwareColumns = sql.raw(
  hardwareKeys.map((key, index) => `value ->> ${index + 4} as new_${nameOf(key)}`).join(', '),
)
const hardware = sql.raw(
  [
    ...renewed.map((key) => `${nameOf(key)} = t.new_${nameOf(key)}`),
    ...stays.map((key) => `${nameOf(key)} = coalesce(t.new_${nameOf(key)}, ${nameOf(key)})`),
  ].join(', '),
)

function writeHardware(
  db: Database,
  edge: EdgeIdentity,
  sightings: readonly (FoldedSighting & { hardware: Hardware })[],
): Statement {
  const rows = sightings.map((each) => {
    const shown = { ...each.hardware, inventory: JSON.stringify(each.hardware.inventory) }
    const values = hardwareKeys.map((key) => shown[key])
    return [each.machineId, each.firstAt, each.lastAt, each.ramdisk, ...values]
  })
  // Materialized: `json_each` would make the text of a row anew for each of its values.
  return db.run(sql`with r as materialized (select value from ${tableOf(rows)})
    update machines set ${seen(edge)}, ${hardware}
    from (select ${seenColumns}, ${hardwareColumns} from r) t where machines.machine_id = t.id`)
}

function writePowers(db: Database, powers: readonly FoldedPower[]): Statement {
  const rows = powers.map((each) => [
    ...[each.machineId, each.powerState, each.seenAt, each.edgeId],
    ...[each.problem, each.problemSince, each.updatedAt],
  ])
  return db.run(sql`update bmcs set power_state = coalesce(t.power_state, bmcs.power_state),
      power_state_at = coalesce(t.seen_at, power_state_at), reachable_at = coalesce(t.seen_at, reachable_at),
      edge_id = t.edge_id, problem = t.problem, problem_since = t.problem_since,
      updated_at = max(bmcs.updated_at, t.updated_at)
    from (select value ->> 0 as id, value ->> 1 as power_state, value ->> 2 as seen_at, value ->> 3 as edge_id,
      value ->> 4 as problem, value ->> 5 as problem_since, value ->> 6 as updated_at from ${tableOf(rows)}) t
    where bmcs.machine_id = t.id`)
}

function writeLogs(db: Database, logs: readonly LogReport[]): Statement {
  const rows = logs.flatMap(({ machineId, deploymentId, lines }) =>
    lines.map(({ at, level, text }) => [machineId, deploymentId, at, level, text]),
  )
  return db.run(sql`insert into machine_log (machine_id, deployment_id, at, level, text)
    select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from ${tableOf(rows)} order by key`)
}
