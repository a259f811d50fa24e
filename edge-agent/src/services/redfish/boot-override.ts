import {
  type BootState,
  type BootWish,
  chooseBootBodies,
  holdsBootOverride,
  parseBootState,
} from '../../protocol/redfish/boot-override.ts'
import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import { linkAt, type Resource, resourceAt } from '../../protocol/redfish/resource.ts'
import { type RedfishMachine, readSystem } from './machine.ts'
import { patch, settle } from './resources.ts'

const what = 'setting the boot device'
/** Firmware in POST, or a job under way: it passes. */
const busyTries = 6
const busyPauseMs = 10_000

export async function readBootOverride(machine: RedfishMachine): Promise<BootState> {
  return parseBootState(resourceAt(await readSystem(machine), 'Boot'))
}

/** What was taken: a BMC that knows no "from now on" is set for the next start. */
export interface BootResult {
  isPersistent: boolean
}

export async function setBootOverride(machine: RedfishMachine, wish: BootWish): Promise<BootResult> {
  const system = await readSystem(machine)
  const boot = resourceAt(system, 'Boot')
  const bodies = chooseBootBodies(wish, boot, machine.rules)
  if (bodies.length === 0)
    throw new RedfishError(
      'not-supported',
      `This BMC can’t let the machine start from ${deviceNames[wish.device]}.`,
    )
  const places = await findPlaces(machine, system)
  let refusal: unknown
  for (const body of bodies) {
    for (const place of places) {
      const tried = await tryToWrite(machine, place, body)
      if (tried === null) return { isPersistent: body.BootSourceOverrideEnabled === 'Continuous' }
      refusal = tried
    }
  }
  throw refusal
}

const deviceNames = {
  pxe: 'the network (PXE)',
  http: 'the network (UEFI HTTP)',
  disk: 'its disk',
  cdrom: 'a CD',
  setup: 'its firmware’s setup',
  none: 'its usual device',
} as const

/** Where to write it: the settings object when that has an override of its own, else the system itself. */
async function findPlaces({ session, systemPath }: RedfishMachine, system: Resource): Promise<string[]> {
  const settings = linkAt(system, '@Redfish.Settings', 'SettingsObject')
  if (settings === null || settings === systemPath) return [systemPath]
  const found = await session.get(settings, { what }).catch((error: unknown) => {
    if (error instanceof RedfishError && error.status !== null) return null
    throw error
  })
  return found !== null && holdsBootOverride(found.body) ? [settings, systemPath] : [systemPath, settings]
}

/** Null when it was taken; else the refusal, after which another form may be taken. */
async function tryToWrite(
  { session }: RedfishMachine,
  path: string,
  boot: Resource,
): Promise<RedfishError | null> {
  for (let left = busyTries - 1; ; left--) {
    try {
      await settle(session, await patch(session, path, { Boot: boot }, { what }), what)
      return null
    } catch (error) {
      if (!(error instanceof RedfishError) || (error.status === null && error.reason !== 'task-failed'))
        throw error
      if (error.reason === 'privilege-too-low' || error.reason === 'wrong-password') throw error
      if (error.reason !== 'busy') return error
      if (left <= 0) throw error
      await session.options.sleep(busyPauseMs)
    }
  }
}
