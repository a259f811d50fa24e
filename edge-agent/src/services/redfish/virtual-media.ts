import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import { linkAt, type Resource } from '../../protocol/redfish/resource.ts'
import {
  chooseInsertBodies,
  type MediaSlot,
  orderSlots,
  parseMediaSlot,
} from '../../protocol/redfish/virtual-media.ts'
import { type RedfishMachine, readSystem } from './machine.ts'
import { invoke, isRefusal, patch, readMembers, settle } from './resources.ts'

const settleMs = 3000
const tries = 3

/** The virtual CD drives, those that can be filled by an action first. */
export async function listMediaSlots(machine: RedfishMachine): Promise<MediaSlot[]> {
  const { session, managers } = machine
  const holders = [await readSystem(machine), ...managers.map(({ resource }) => resource)]
  for (const holder of holders) {
    const members = await readMembers(session, linkAt(holder, 'VirtualMedia'), 16)
    const slots = members.flatMap(({ path, resource }) =>
      path === null ? [] : (parseMediaSlot(path, resource) ?? []),
    )
    if (slots.length > 0) return orderSlots(slots)
  }
  return []
}

/** Puts a disc behind a URL into the first drive that takes it. Resolves with the drive's path. */
export async function insertMedia(machine: RedfishMachine, url: string): Promise<string> {
  const slots = await listMediaSlots(machine)
  let refusal: unknown = new RedfishError('not-supported', 'This BMC has no virtual CD drive over Redfish.')
  for (const slot of slots) {
    try {
      // Some keep a disc that they no longer show.
      await eject(machine, slot).catch((error: unknown) => {
        if (!isRefusal(error)) throw error
      })
      await machine.session.options.sleep(slot.isInserted ? settleMs : 0)
      await insert(machine, slot, url)
      return slot.path
    } catch (error) {
      if (!isRefusal(error) && !(error instanceof RedfishError && error.reason === 'task-failed')) throw error
      if (error.reason === 'licence-missing') throw error
      refusal = error
    }
  }
  throw refusal
}

/** Takes discs out of all drives. */
export async function ejectMedia(machine: RedfishMachine): Promise<void> {
  const inserted = (await listMediaSlots(machine)).filter(({ isInserted }) => isInserted)
  for (const slot of inserted) await eject(machine, slot)
}

async function eject({ session }: RedfishMachine, slot: MediaSlot): Promise<void> {
  const what = 'taking the virtual disc out'
  if (slot.ejectTarget !== null) return invoke(session, slot.ejectTarget, {}, what)
  if (slot.isInserted)
    await settle(session, await patch(session, slot.path, { Image: null, Inserted: false }, { what }), what)
}

async function insert(machine: RedfishMachine, slot: MediaSlot, url: string): Promise<void> {
  const { session } = machine
  const what = 'putting the virtual disc in'
  const { insertTarget } = slot
  if (insertTarget === null) {
    const body = { Image: url, Inserted: true, WriteProtected: true }
    return settle(session, await patch(session, slot.path, body, { what }), what)
  }
  const tried = new Set<string>()
  const next = (missing: readonly string[]) =>
    chooseInsertBodies(url, missing).find((body) => !tried.has(JSON.stringify(body)))
  let refusal: unknown
  for (let body = next([]); body !== undefined; ) {
    tried.add(JSON.stringify(body))
    try {
      return await insertPatiently(machine, insertTarget, body)
    } catch (error) {
      if (!(error instanceof RedfishError) || error.status === null || error.status >= 500) throw error
      refusal = error
      // What the refusal names is said next.
      body = next(error.message.match(/[A-Z][A-Za-z]+/g) ?? [])
    }
  }
  throw refusal
}

/** For a while after a disc was taken out, some answer 5xx. */
async function insertPatiently(machine: RedfishMachine, target: string, body: Resource): Promise<void> {
  for (let left = tries - 1; ; left--) {
    try {
      return await invoke(machine.session, target, body, 'putting the virtual disc in')
    } catch (error) {
      const isPassing = error instanceof RedfishError && error.status !== null && error.status >= 500
      if (!isPassing || left <= 0) throw error
      await machine.session.options.sleep(settleMs)
    }
  }
}
