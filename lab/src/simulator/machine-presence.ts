import type { SiteEvent, SiteState } from '@dragonfly/schema/wire'
import { createMachineSpec, type MachineSpec } from './machine-inventory.ts'
import { createRandom } from './random.ts'

/** Where a make-believe machine is, beside its deployments. */
export interface MachinePresence {
  spec: MachineSpec
  machineId: string | null
  state: 'off' | 'booting' | 'ramdisk' | 'own-disk'
  /** When it goes on to its next state by itself. */
  until: number
}

export interface MachinePresences {
  specs: readonly MachineSpec[]
  find(machineId: string): MachinePresence | null
  handleState(state: SiteState, now: number): void
  /** What a deployment's event means for the machine itself: its ramdisk comes and goes. */
  handleDeployment(machineId: string, event: SiteEvent, now: number): SiteEvent[]
  handleEnd(machineId: string, now: number): void
  tick(now: number, isBusy: (presence: MachinePresence) => boolean): SiteEvent[]
}

interface PresenceOptions {
  seed: number
  machineCount: number
  scale: (ms: number) => number
}

/** All of them are switched on within this time. */
const arrivalMs = 90_000
/** A ramdisk without an order waits this long, then boots the machine's own disk. */
const holdMs = 15 * 60_000

export function createMachinePresences({ seed, machineCount, scale }: PresenceOptions): MachinePresences {
  const random = createRandom(seed + 1)
  const all: MachinePresence[] = Array.from({ length: machineCount }, (_, index) => ({
    spec: createMachineSpec(seed, index),
    machineId: null,
    state: 'off',
    until: Number.POSITIVE_INFINITY,
  }))
  const byMac = new Map(all.map((presence) => [presence.spec.mac, presence]))
  let byId = new Map<string, MachinePresence>()
  let policy: SiteState['unknownMachines'] = 'discover'
  let isServing = false

  const connect = (presence: MachinePresence, now: number): SiteEvent[] => {
    const { machineId, spec } = presence
    presence.state = 'ramdisk'
    presence.until = now + scale(holdMs * random.between(0.4, 1))
    return [
      {
        type: 'machine.inventory',
        machineId,
        mac: spec.mac,
        address: spec.address,
        inventory: spec.inventory,
      },
      { type: 'machine.ramdisk', machineId, mac: spec.mac, connected: true },
    ]
  }
  const disconnect = (presence: MachinePresence): SiteEvent => {
    const { machineId, spec } = presence
    presence.state = 'own-disk'
    presence.until = Number.POSITIVE_INFINITY
    return { type: 'machine.ramdisk', machineId, mac: spec.mac, connected: false }
  }
  const netboot = (presence: MachinePresence, now: number): SiteEvent => {
    const decision = presence.machineId ? 'local' : policy
    presence.state = decision === 'discover' ? 'booting' : 'own-disk'
    presence.until =
      decision === 'discover' ? now + scale(random.between(20_000, 50_000)) : Number.POSITIVE_INFINITY
    return netbootEvent(presence, decision)
  }
  const goOn = (presence: MachinePresence, now: number): SiteEvent[] => {
    if (presence.state === 'off') return [netboot(presence, now)]
    if (presence.state === 'booting') return [...connect(presence, now), waiting(presence, now)]
    return presence.state === 'ramdisk' ? [disconnect(presence)] : []
  }
  return {
    specs: all.map(({ spec }) => spec),
    find: (machineId) => byId.get(machineId) ?? null,
    handleState: (state, now) => {
      policy = state.unknownMachines
      byId = new Map()
      for (const presence of all) presence.machineId = null
      for (const { machineId, macs } of state.machines) {
        const presence = macs.map((mac) => byMac.get(mac)).find(Boolean)
        if (!presence) continue
        presence.machineId = machineId
        byId.set(machineId, presence)
      }
      const serves = state.interfaces.some(({ mode }) => mode !== 'off')
      if (serves && !isServing)
        for (const presence of all)
          if (presence.state === 'off') presence.until = now + scale(random.between(0, arrivalMs))
      isServing = serves
    },
    handleDeployment: (machineId, event, now) => {
      const presence = byId.get(machineId)
      if (!presence || event.type !== 'deployment.stage') return []
      if (event.stage === 'firmware') return [netbootEvent(presence, 'ramdisk')]
      if (event.stage === 'first-boot') return [netbootEvent(presence, 'local')]
      if (event.stage === 'ramdisk') return connect(presence, now)
      return event.stage === 'restarting' ? [disconnect(presence)] : []
    },
    handleEnd: (machineId, now) => {
      const presence = byId.get(machineId)
      if (presence?.state === 'ramdisk') presence.until = now + scale(2000)
    },
    tick: (now, isBusy) =>
      all.flatMap((presence) => (now >= presence.until && !isBusy(presence) ? goOn(presence, now) : [])),
  }
}

type NetbootEvent = Extract<SiteEvent, { type: 'machine.netboot' }>

function netbootEvent(
  { machineId, spec }: MachinePresence,
  decision: NetbootEvent['decision'],
): NetbootEvent {
  const { firmware, smbios } = spec.inventory
  return {
    type: 'machine.netboot',
    mac: spec.mac,
    machineId,
    smbiosUuid: smbios.uuid,
    architecture: firmware === 'uefi' ? 7 : 0,
    decision,
  }
}

function waiting({ spec, machineId }: MachinePresence, at: number): SiteEvent {
  const { smbios, cpu, disks } = spec.inventory
  const lines = [
    `${[smbios.manufacturer, smbios.product].filter(Boolean).join(' ')}, ${cpu.model}`,
    `${disks.length} disks, none of them touched`,
    'waiting for work',
  ]
  return {
    type: 'log',
    machineId,
    deploymentId: null,
    mac: spec.mac,
    lines: lines.map((text) => ({ at, level: 'info' as const, text })),
  }
}
