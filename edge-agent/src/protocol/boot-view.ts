import { uuidsOfMachine } from '@dragonfly/schema/state'
import {
  dhcpSettingsSchema,
  epochMsSchema,
  idSchema,
  ipv4Schema,
  macSchema,
  smbiosUuidSchema,
  unknownMachinePolicies,
} from '@dragonfly/schema/wire'
import { z } from 'zod'
import { parseBase64Url } from '../codec/base64url.ts'
import type { Ipv4 } from '../codec/ipv4.ts'
import type { Mac } from '../codec/mac.ts'
import type { Uuid } from '../codec/uuid.ts'

const bootMachineSchema = z
  .object({
    machineId: idSchema,
    macs: z.array(macSchema).max(64),
    smbiosUuid: smbiosUuidSchema.optional(),
    boot: z.enum(['local', 'ramdisk', 'hold']),
    /** After this, `ramdisk` and `hold` mean `local`. */
    bootUntil: epochMsSchema.optional(),
    /** Shown on the machine's screen, and in its history. */
    reason: z.string().max(500),
    /** Told to clients that ask for it; left out where the name is no host name. */
    hostname: z.string().max(253).optional(),
    reservation: z.object({ mac: macSchema, address: ipv4Schema }).optional(),
  })
  .refine((machine) => machine.boot !== 'ramdisk' || machine.bootUntil !== undefined, {
    path: ['bootUntil'],
    message: 'a machine armed for the ramdisk needs a time limit',
  })

/** The names of Linux interfaces (IFNAMSIZ), so that a log or a message can repeat them. */
const interfaceNameSchema = z.string().regex(/^[^\s/]{1,15}$/)

/** An interface on whose network addresses are given out. */
const leasingInterfaceSchema = z.object({
  name: interfaceNameSchema,
  address: ipv4Schema,
  mode: z.literal('full'),
  prefixLength: z.number().int().min(1).max(30),
  dhcp: dhcpSettingsSchema,
})
export type LeasingInterface = z.infer<typeof leasingInterfaceSchema>

/**
 * All that the boot responder knows: a snapshot which the supervisor makes of the site's desired state, sends on every
 * change, and the responder keeps on disk, so that machines boot while everything else is away.
 */
export const bootViewSchema = z.object({
  generation: z.string().max(64),
  version: z.number().int().nonnegative(),
  interfaces: z
    .array(
      z.discriminatedUnion('mode', [
        z.object({ name: interfaceNameSchema, address: ipv4Schema, mode: z.enum(['off', 'proxy']) }),
        leasingInterfaceSchema,
      ]),
    )
    .max(64),
  unknownMachines: z.enum(unknownMachinePolicies),
  /** Where the boot bundle's files are, unpacked and checked. */
  bundleDir: z.string().min(1).max(4096),
  bundleReady: z.boolean(),
  /** Key of the boot tokens, shared with the supervisor, which checks them. */
  bootTokenKey: z.string().refine((text) => (parseBase64Url(text)?.length ?? 0) >= 32, '32 bytes, base64url'),
  machines: z.array(bootMachineSchema).max(20_000),
  /** MACs that were discovered already, but that the control plane has not made into machines yet. */
  discoveredMacs: z.array(macSchema).max(20_000),
})
export type BootView = z.infer<typeof bootViewSchema>
export type BootMachine = BootView['machines'][number]
export type BootInterface = BootView['interfaces'][number]

/** A view with what makes every look-up O(1). Built once per view. */
export interface IndexedBootView {
  view: BootView
  machineByMac: ReadonlyMap<Mac, BootMachine>
  /** Only UUIDs that exactly one machine has. */
  machineByUuid: ReadonlyMap<Uuid, BootMachine>
  discoveredMacs: ReadonlySet<Mac>
  /** Interfaces that are served. */
  served: readonly BootInterface[]
  reservationByMac: ReadonlyMap<Mac, Ipv4>
  macByReservation: ReadonlyMap<Ipv4, Mac>
  /** This edge's own, of the interfaces it serves. */
  ownAddresses: ReadonlySet<Ipv4>
  /** Of those, the ones on networks whose UEFI machines start by signed programs. */
  secureBootAddresses: ReadonlySet<Ipv4>
}

export function indexBootView(view: BootView): IndexedBootView {
  const machineByMac = new Map<Mac, BootMachine>()
  const machineByUuid = new Map<Uuid, BootMachine>()
  const sharedUuids = new Set<Uuid>()
  const reservations = view.machines.flatMap(({ reservation }) => (reservation ? [reservation] : []))
  for (const machine of view.machines) {
    for (const mac of machine.macs) machineByMac.set(mac, machine)
    for (const uuid of uuidsOfMachine(machine)) {
      if (machineByUuid.has(uuid)) sharedUuids.add(uuid)
      machineByUuid.set(uuid, machine)
    }
  }
  for (const uuid of sharedUuids) machineByUuid.delete(uuid)
  return {
    view,
    machineByMac,
    machineByUuid,
    discoveredMacs: new Set(view.discoveredMacs),
    served: view.interfaces.filter((entry) => entry.mode !== 'off'),
    reservationByMac: new Map(reservations.map(({ mac, address }) => [mac, address])),
    macByReservation: new Map(reservations.map(({ mac, address }) => [address, mac])),
    ownAddresses: new Set(view.interfaces.map(({ address }) => address)),
    secureBootAddresses: new Set(
      view.interfaces.flatMap((entry) =>
        entry.mode === 'full' && entry.dhcp.secureBoot ? [entry.address] : [],
      ),
    ),
  }
}
