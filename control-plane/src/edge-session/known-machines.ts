import { bmcs, edges, machineMacs, machines } from '@dragonfly/schema/db'
import { uuidsTold } from '@dragonfly/schema/state'
import { and, eq, isNull, ne, type SQL, sql } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { type KnownMachine, usableSerial, usableUuid } from '../features/machines/identity.ts'
import type { ReceivedEntry } from './journal.ts'

/** What is last known of a machine's power, and from which edge. */
interface KnownPower {
  powerStateAt: number | null
  edgeId: string | null
  problemSince: number | null
}

/**
 * The machines of a site that a run of journal entries may be about, read at once. What an entry leads to is noted
 * here, so that the next entry is decided as if the one before it were written already.
 */
export interface KnownMachines {
  /** The machine of an event if it is still there: by its id, else by its MAC address. Never one of another site. */
  find(event: { machineId: string | null; mac: string }): string | null
  /** All that share a MAC address, a UUID (as a BMC may have told it, too) or a serial number with a report. */
  candidates(signs: MachineSigns): KnownMachine[]
  power(machineId: string): KnownPower | null
  /** Whether it matters which edge reached a BMC: another one of the site may watch it, too. */
  readonly hasOtherEdges: boolean
  /** `macs` are those that it has besides what is known already; null leaves what it told before. */
  noteMachine(machine: KnownMachine): void
  notePower(machineId: string, power: KnownPower): void
}

interface MachineSigns {
  macs: readonly string[]
  smbiosUuid: string | null
  serial: string | null
}

/**
 * Reads what the entries are about in one round trip; none where none is about a machine. The unary plus keeps SQLite
 * from going through the whole site for a few machines of it.
 */
export async function readKnownMachines(
  deps: Deps,
  edge: EdgeIdentity,
  entries: readonly ReceivedEntry[],
): Promise<KnownMachines> {
  const signs = collectSigns(entries)
  if (signs.ids.size + signs.macs.size === 0) return createKnownMachines([], [], [], false)
  const { siteId } = edge
  const ids = selectIds(siteId, signs)
  const [rows, macs, powers, others] = await deps.db.batch([
    deps.db
      .select({ machineId: machines.machineId, smbiosUuid: machines.smbiosUuid, serial: machines.serial })
      .from(machines)
      .where(sql`${machines.machineId} in (${ids}) and +${machines.siteId} = ${siteId}`),
    deps.db
      .select({ machineId: machineMacs.machineId, mac: machineMacs.mac })
      .from(machineMacs)
      .where(sql`${machineMacs.machineId} in (${ids}) and +${machineMacs.siteId} = ${siteId}`),
    deps.db
      .select({
        machineId: bmcs.machineId,
        powerStateAt: bmcs.powerStateAt,
        edgeId: bmcs.edgeId,
        problemSince: bmcs.problemSince,
      })
      .from(bmcs)
      .where(sql`${bmcs.machineId} in ${listOf(signs.powers)} and +${bmcs.siteId} = ${siteId}`),
    deps.db
      .select({ edgeId: edges.edgeId })
      .from(edges)
      .where(and(eq(edges.siteId, siteId), ne(edges.edgeId, edge.edgeId), isNull(edges.revokedAt)))
      .limit(1),
  ])
  return createKnownMachines(rows, macs, powers, others.length > 0)
}

interface Signs {
  ids: Set<string>
  macs: Set<string>
  uuids: Set<string>
  serials: Set<string>
  /** Ids of machines whose power is told of. */
  powers: Set<string>
}

function collectSigns(entries: readonly ReceivedEntry[]): Signs {
  const signs: Signs = {
    ids: new Set(),
    macs: new Set(),
    uuids: new Set(),
    serials: new Set(),
    powers: new Set(),
  }
  for (const { event } of entries) {
    if (event === null) continue
    if (event.type === 'bmc.power') {
      signs.ids.add(event.machineId)
      signs.powers.add(event.machineId)
    }
    if (!('mac' in event) || !('machineId' in event)) continue
    signs.macs.add(event.mac)
    if (event.machineId !== null) signs.ids.add(event.machineId)
    if (event.type !== 'machine.inventory') continue
    const { nics, smbios } = event.inventory
    for (const { mac } of nics) signs.macs.add(mac)
    const [uuid, serial] = [usableUuid(smbios.uuid), usableSerial(smbios.serial)]
    if (uuid !== null) for (const told of uuidsTold(uuid)) signs.uuids.add(told)
    if (serial !== null) signs.serials.add(serial)
  }
  return signs
}

/** However many values there are: a statement has few places for them. */
const listOf = (values: ReadonlySet<string>): SQL =>
  sql`(select value from json_each(${JSON.stringify([...values])}))`

/** In SQL: ids of the machines with any of the signs, each looked up by its own index. */
function selectIds(siteId: string, { ids, macs, uuids, serials }: Signs): SQL {
  return sql`select value from json_each(${JSON.stringify([...ids])})
    union select machine_id from machine_macs where site_id = ${siteId} and mac in ${listOf(macs)}
    union select machine_id from machines where smbios_uuid in ${listOf(uuids)}
    union select machine_id from machines where serial in ${listOf(serials)}`
}

function createKnownMachines(
  rows: readonly Omit<KnownMachine, 'macs'>[],
  macs: readonly { machineId: string; mac: string }[],
  powers: readonly (KnownPower & { machineId: string })[],
  hasOtherEdges: boolean,
): KnownMachines {
  const ofMachine = Map.groupBy(macs, ({ machineId }) => machineId)
  const known = new Map<string, KnownMachine>()
  const owners = new Map<string, string>()
  const powerOf = new Map(powers.map((row) => [row.machineId, row]))
  const note = (machine: KnownMachine): void => {
    known.set(machine.machineId, machine)
    for (const mac of machine.macs) owners.set(mac, machine.machineId)
  }
  for (const row of rows) note({ ...row, macs: (ofMachine.get(row.machineId) ?? []).map(({ mac }) => mac) })
  return {
    find: ({ machineId, mac }) =>
      machineId !== null && known.has(machineId) ? machineId : (owners.get(mac) ?? null),
    candidates({ macs: reported, smbiosUuid, serial }) {
      const byMac = new Set(reported.map((mac) => owners.get(mac)))
      const uuids = smbiosUuid === null ? [] : uuidsTold(smbiosUuid)
      return [...known.values()].filter(
        (machine) =>
          byMac.has(machine.machineId) ||
          (machine.smbiosUuid !== null && uuids.includes(machine.smbiosUuid)) ||
          (serial !== null && machine.serial === serial),
      )
    },
    hasOtherEdges,
    power: (machineId) => powerOf.get(machineId) ?? null,
    noteMachine(machine) {
      const before = known.get(machine.machineId)
      note({
        machineId: machine.machineId,
        macs: [...(before?.macs ?? []), ...machine.macs],
        smbiosUuid: machine.smbiosUuid ?? before?.smbiosUuid ?? null,
        serial: machine.serial ?? before?.serial ?? null,
      })
    },
    notePower: (machineId, power) => void powerOf.set(machineId, { machineId, ...power }),
  }
}
