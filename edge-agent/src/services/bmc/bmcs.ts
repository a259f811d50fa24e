import type { HostInterface, SiteState } from '@dragonfly/schema/wire'
import { openNodeUdpSocket } from '../../io/node-udp-socket.ts'
import { decideBmcOrder } from '../../protocol/bmc-order.ts'
import { type CommandDesk, openCommandDesk } from '../commands/command-desk.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Counters } from '../counters.ts'
import { trustedKeys } from '../deployments/orders.ts'
import type { Sealing } from '../sealing.ts'
import { verifySignature } from '../signing.ts'
import type { SiteContext } from '../site-context.ts'
import type { EdgeIdentity } from '../store/identity.ts'
import type { Journal } from '../store/journal.ts'
import type { AccountPorts } from './account.ts'
import { createCertificateNotices } from './certificates.ts'
import { type BmcCommandPorts, executeBmcCommand } from './commands.ts'
import { type Consoles, createConsoles } from './console/consoles.ts'
import type { BmcDriver, OpenCredentials } from './driver.ts'
import { createIpmiDriver } from './drivers/ipmi.ts'
import { createRedfishDriver } from './drivers/redfish.ts'
import { createWakeOnLanDriver } from './drivers/wake-on-lan.ts'
import { createNetbootSupervisor, type NetbootSupervisorPorts } from './netboot-supervisor.ts'
import { type BmcPoller, createBmcPoller, findTargets } from './poller.ts'
import { createBmcReach } from './reach.ts'
import { createScanner, type ScannerOptions } from './scan/scanner.ts'

/** All that this edge does with BMCs. */
export interface Bmcs {
  commands: CommandDesk
  consoles: Consoles
  poller: Pick<BmcPoller, 'tick' | 'frames'>
  /** Takes over which BMCs there are now: with those that are gone, or have another password, no session stays open. */
  want(state: SiteState | null): Promise<void>
  /** Stops a command that goes on for long. */
  cancel(commandId: string): void
  tick(): Promise<void>
  stop(): Promise<void>
}

export interface BmcsOptions
  extends Pick<
    NetbootSupervisorPorts,
    'database' | 'runner' | 'isInRamdisk' | 'isImageReady' | 'isBundleReady' | 'report' | 'warn' | 'now'
  > {
  identity: EdgeIdentity
  journal: Journal
  site: SiteContext
  sealing: Sealing
  controlPlane: ControlPlane
  askRamdisk: AccountPorts['askRamdisk']
  counters: Pick<Counters, 'increment'>
  /** For tests: other drivers than the real ones, and another way to open credentials. */
  bmc?: {
    drivers?: readonly BmcDriver[]
    openCredentials?: OpenCredentials
    scan?: Pick<ScannerOptions, 'ports' | 'startsPerSecond'>
  }
}

export async function openBmcs(options: BmcsOptions): Promise<Bmcs> {
  const { database, identity, journal, site, sealing, now, warn } = options
  const openCredentials = options.bmc?.openCredentials ?? openSealed(sealing)
  const ipmi = createIpmiDriver(openCredentials)
  const onCertificate = createCertificateNotices(options.report, warn)
  const redfish = createRedfishDriver(openCredentials, { onCertificate })
  const drivers = options.bmc?.drivers ?? [
    redfish,
    ipmi,
    createWakeOnLanDriver({
      openUdp: openNodeUdpSocket,
      interfaces: () => servedOrAll(site),
      openCredentials,
    }),
  ]
  const machine = (machineId: string) => site.machines().get(machineId)
  const checkOrder: BmcCommandPorts['checkOrder'] = async (asked) => {
    const verdict = await decideOrder(asked)
    if (verdict.kind === 'refused')
      options.counters.increment('orders_refused', { order: 'bmc', reason: verdict.reason })
    return verdict
  }
  const decideOrder: BmcCommandPorts['checkOrder'] = async ({ jws, orderId, what, target }) => {
    const state = site.state()
    if (!state)
      return { kind: 'refused', reason: 'wrong-site', message: 'The edge has no state of its site yet.' }
    return decideBmcOrder(
      {
        jws,
        orderId,
        what,
        machineId: target.machineId,
        bmcAddress: target.bmc?.address ?? null,
        machine: machine(target.machineId),
        site: { ...state, controlPlaneId: identity.controlPlaneId },
        signerKeys: trustedKeys(identity, state),
        nowSeconds: Math.floor(now() / 1000),
      },
      verifySignature,
    )
  }
  const { askRamdisk } = options
  const recipients = () => site.state()?.sealingKeys ?? []
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
  const reach = createBmcReach(drivers)
  const poller = await createBmcPoller({
    reach,
    edgeId: identity.edgeId,
    database,
    report: options.report,
    now,
    warn,
  })
  const { forgetLog } = poller
  const report: BmcsOptions['report'] = (event) => {
    poller.heard(event)
    return options.report(event)
  }
  const scanner = createScanner({ append: journal.append, sleep, ...options.bmc?.scan })
  const ports = {
    reach,
    forgetLog,
    machine,
    checkOrder,
    sealing,
    askRamdisk,
    recipients,
    report,
    now,
    sleep,
  }
  const commands = await openCommandDesk({
    database,
    journal,
    now,
    warn,
    execute: async ({ commandId, command }) =>
      command.kind === 'bmc.scan'
        ? scanner.run(commandId, command)
        : executeBmcCommand(ports, { commandId, command }),
  })
  const consoles = createConsoles({ ...ports, controlPlane: options.controlPlane, runner: options.runner })
  const netboots = createNetbootSupervisor({
    ...options,
    ...ports,
    siteState: site.state,
    onPowerOn: consoles.record,
  })
  return {
    commands,
    consoles,
    poller,
    want: async (state) => {
      poller.want(state)
      consoles.retain()
      await reach.retain(findTargets(state))
    },
    cancel: scanner.cancel,
    tick: async () => {
      await commands.tick()
      await netboots.tick()
      consoles.tick()
    },
    stop: async () => {
      scanner.stop()
      await consoles.stop()
      poller.stop()
      await Promise.all([ipmi.stop(), redfish.stop()])
    },
  }
}

/** Opens what was sealed for exactly this machine and this address. */
function openSealed(sealing: Sealing): OpenCredentials {
  return async ({ machineId, bmc }) => {
    if (!bmc?.credentials)
      return {
        kind: 'refused',
        reason: 'no-credentials',
        message: 'No user name and password were entered for it.',
      }
    const { address, credentials, tlsPin } = bmc
    const use = { machineId, address, ...(tlsPin ? { tlsPin } : {}) }
    const opened = await sealing.openCredentials(credentials, use)
    if ('refused' in opened) return { kind: 'refused', reason: opened.refused, message: opened.message }
    return { kind: 'opened', credentials: opened }
  }
}

/** Machines are woken from where they are booted, or from everywhere while nothing is served. */
function servedOrAll(site: SiteContext): readonly HostInterface[] {
  const modes = new Map(site.state()?.interfaces.map(({ name, mode }) => [name, mode]))
  const usable = site.hostInterfaces().filter(({ address }) => address !== null)
  const served = usable.filter(({ name }) => (modes.get(name) ?? 'off') !== 'off')
  return served.length > 0 ? served : usable
}
