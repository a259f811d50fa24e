import { type SiteEvent, smbiosUuidSchema } from '@dragonfly/schema/wire'
import { parseMac } from '../../codec/mac.ts'
import { parseUuid } from '../../codec/uuid.ts'
import { decideBoot } from '../../protocol/boot-decision.ts'
import { type BootView, type IndexedBootView, indexBootView } from '../../protocol/boot-view.ts'
import type { MachineIndex } from '../machine-index.ts'
import type { SeenBootEvent } from '../responder-messages.ts'
import type { DeploymentRunner } from './runner.ts'

/** One boot's packets and retries come within this time. */
const sameBootMs = 120_000
/** Not that a machine asked, but that it was left alone for a reason that its owner may want to know. */
const telling = ['unknown-machine', 'bundle-not-ready', 'unsupported-architecture', 'raspberry-pi']
const firstStages = ['undionly.kpxe', 'snponly.efi', 'ipxe.efi', 'shimx64.efi', 'grubx64.efi']

export interface BootEventPorts {
  now: () => number
  machines: () => MachineIndex
  view: () => BootView | null
  runner: () => DeploymentRunner
  append: (event: SiteEvent) => Promise<void>
  /** A machine of the site began to boot. */
  onStarted: (machineId: string) => Promise<void>
}

/** Turns what the boot responder saw into inputs of deployments, and one `machine.netboot` per boot. */
export function createBootEventHandler(ports: BootEventPorts): (event: SeenBootEvent) => Promise<void> {
  const boots = new Map<string, { at: number; gotScript: boolean }>()
  let index: IndexedBootView | null = null

  /** Machines whose network card is new here, by what they said of their UUID: not every request repeats it. */
  const byUuid = new Map<string, string>()
  const remember = (mac: string, machineId: string): void => {
    byUuid.delete(mac)
    byUuid.set(mac, machineId)
    if (byUuid.size > 10_000) byUuid.delete(byUuid.keys().next().value ?? '')
  }

  const currentIndex = (): IndexedBootView | null => {
    const view = ports.view()
    if (view && index?.view !== view) index = indexBootView(view)
    return index
  }
  const deploymentOf = (mac: string, uuid: string | undefined) => {
    const machine = ports.machines().identify([mac], uuid ?? null)
    const machineId = machine?.machineId ?? (uuid === undefined ? byUuid.get(mac) : undefined)
    if (machine && uuid !== undefined) remember(mac, machine.machineId)
    return machineId === undefined ? null : ports.runner().activeFor(machineId)
  }
  const isNewBoot = (mac: string, isIpxe: boolean): boolean => {
    const last = boots.get(mac)
    const age = last ? ports.now() - last.at : Number.POSITIVE_INFINITY
    return age > sameBootMs || (last?.gotScript === true && !isIpxe)
  }
  const journalNetboot = async (event: Extract<SeenBootEvent, { kind: 'dhcp' }>): Promise<void> => {
    const { mac, isIpxe, answer } = event
    if (answer.kind === 'ignored' && !telling.includes(answer.reason)) return
    if (!isNewBoot(mac, isIpxe)) return
    boots.delete(mac)
    boots.set(mac, { at: ports.now(), gotScript: false })
    if (boots.size > 10_000) boots.delete(boots.keys().next().value ?? '')
    const uuid = smbiosUuidSchema.safeParse(event.uuid)
    const machineId = ports.machines().identify([mac], event.uuid ?? null)?.machineId ?? null
    if (machineId) await ports.onStarted(machineId)
    await ports.append({
      type: 'machine.netboot',
      mac,
      machineId,
      smbiosUuid: uuid.success ? uuid.data : null,
      architecture: event.architectures[0] ?? null,
      decision: answer.kind === 'ignored' ? 'ignore' : decide(event, currentIndex(), ports.now()),
    })
  }
  return async (event) => {
    const mac = event.mac
    if (!mac) return
    if (event.kind === 'dhcp') await journalNetboot(event)
    if (event.kind === 'script') {
      const boot = boots.get(mac)
      if (boot) boot.gotScript = true
    }
    const deployment = deploymentOf(mac, 'uuid' in event ? event.uuid : undefined)
    const input = deployment ? toInput(event) : null
    if (deployment && input) await ports.runner().apply(deployment.deploymentId, input)
  }
}

function decide(
  event: Extract<SeenBootEvent, { kind: 'dhcp' }>,
  index: IndexedBootView | null,
  nowMs: number,
) {
  const mac = parseMac(event.mac)
  const uuid = parseUuid(event.uuid ?? '')
  if (!index || mac === undefined) return 'ignore'
  return decideBoot({ mac, ...(uuid === undefined ? {} : { uuid }) }, index, nowMs).kind
}

function toInput(event: SeenBootEvent) {
  switch (event.kind) {
    case 'dhcp':
      return event.answer.kind === 'answered' ? ({ type: 'netboot', ipxe: event.isIpxe } as const) : null
    case 'boot-file':
      return firstStages.includes(event.name) ? ({ type: 'boot-file' } as const) : null
    case 'script': {
      const isRamdisk = event.decision === 'ramdisk' || event.decision === 'discover'
      const served = isRamdisk ? 'ramdisk' : event.decision === 'hold' ? 'hold' : 'local'
      return { type: 'script', served } as const
    }
    case 'kernel-fetched':
    case 'initrd-fetched':
      return { type: 'kernel' } as const
  }
}
