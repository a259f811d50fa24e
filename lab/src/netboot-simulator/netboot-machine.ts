import { type FileHandle, open } from 'node:fs/promises'
import type { Disk, Inventory } from '@dragonfly/schema/wire'
import type { Random } from '../simulator/random.ts'
import type { BootStage, EventDetail, MachineEvent, MachineFaults } from './boot-stage.ts'
import type { DhcpClient } from './dhcp-client.ts'
import { type FirmwareHost, leaseAddress, type Netboot, netboot } from './firmware.ts'
import { fetchByHttp } from './http-fetch.ts'
import { fetchImage } from './image-check.ts'
import { renderLogLine } from './log-line.ts'
import { pause } from './pause.ts'
import { type OrderFrame, runRamdisk } from './ramdisk-link.ts'

export interface NetbootMachineOptions {
  mac: string
  inventory: Inventory
  asksBootServer: boolean
  bootFiles: 'whole' | 'head'
  faults: MachineFaults
  /** Where its disk is a sparse file; null: what is written is dropped. */
  diskFile: string | null
  dhcp: DhcpClient
  random: Random
  isLost: () => boolean
  addresses: { add(address: string): Promise<void>; remove(address: string): Promise<void> }
  onEvent: (event: MachineEvent) => void
}

/** A machine that is a few variables; its packets are real. */
export interface NetbootMachine {
  /** Cuts its power, and gives it back after a while; never, for null. */
  cutPower(backAfterMs: number | null): void
  stop(): Promise<void>
}

interface InstalledSystem {
  deploymentId: string
  phoneHomeUrl: string | null
  hasReported: boolean
}

class PowerLost extends Error {}

/** How long firmware lets a machine without anything to start wait before it goes through its boot entries again. */
const bootAgainMs = 5000
const backAfterMs = 1500
const reportAgainMs = 3000

export function startNetbootMachine(options: NetbootMachineOptions): NetbootMachine {
  const { mac, inventory } = options
  let power = new AbortController()
  let boot = 0
  let faults = options.faults
  let isStopped = false
  let awayMs: number | null = backAfterMs
  let address: string | null = null
  let installed: InstalledSystem | null = null

  const tell = (detail: EventDetail): void => options.onEvent({ mac, boot, atMs: Date.now(), ...detail })
  const cutPower = (returnsAfterMs: number | null): void => {
    awayMs = returnsAfterMs
    power.abort(new PowerLost())
  }
  const reach = (stage: BootStage): void => {
    tell({ kind: 'stage', stage })
    cutIfPlanned(stage)
  }
  const cutIfPlanned = (stage: BootStage): void => {
    if (faults.powerCutAt !== stage) return
    const returns = faults.comesBack !== false
    faults = {}
    cutPower(returns ? backAfterMs : null)
    power.signal.throwIfAborted()
  }

  async function takeAddress(given: string): Promise<void> {
    if (address === given) return
    if (address !== null) await options.addresses.remove(address)
    address = given
    await options.addresses.add(given)
  }

  async function perform(
    order: OrderFrame,
    say: Parameters<Parameters<typeof runRamdisk>[0]['perform']>[1],
    own: string,
  ) {
    const { orderId, deploymentId, epoch } = order
    const { signal } = power
    tell({ kind: 'order', orderId, deploymentId, epoch })
    reach('ordered')
    const image = order.plan.actions.find((action) => action.action === 'write-image')
    const seed = order.plan.actions.find((action) => action.action === 'write-seed')
    if (!image) throw new Error('The plan has no image.')
    installed = null
    say({ type: 'stage', orderId, stage: 'writing', disk: chooseDisk(inventory, image.sizeBytes) })
    tell({ kind: 'stage', stage: 'writing' })
    await using disk = options.diskFile === null ? null : await openDisk(options.diskFile)
    const sizeBytes = await fetchImage({
      servers: order.imageServers,
      manifestDigest: image.manifestDigest,
      address: own,
      signal,
      disk,
      onProgress: (bytesDone, bytesTotal) => {
        say({ type: 'progress', orderId, bytesDone, bytesTotal })
        if (bytesDone * 2 >= bytesTotal) cutIfPlanned('writing')
      },
    })
    tell({ kind: 'written', orderId, deploymentId, sizeBytes })
    say({ type: 'stage', orderId, stage: 'configuring', disk: null })
    reach('configuring')
    const phoneHomeUrl = seed ? findPhoneHome(seed.userData) : null
    installed = { deploymentId, phoneHomeUrl, hasReported: false }
    reach('written')
  }

  async function startRamdisk(started: Extract<Netboot, { kind: 'ramdisk' }>): Promise<void> {
    const { kernelArguments, address: own } = started
    reach('ramdisk')
    await runRamdisk({
      edge: argumentOf(kernelArguments, 'dragonfly.edge'),
      token: argumentOf(kernelArguments, 'dragonfly.token'),
      mac,
      address: own,
      inventory: withAddress(inventory, own),
      signal: power.signal,
      perform: (order, say) => perform(order, say, own),
      onSettled: ({ orderId, deploymentId }) => tell({ kind: 'settled', orderId, deploymentId }),
      renderLogLine: (line) => renderLogLine(boot, line),
      onLogged: (line) => tell({ kind: 'logged', line }),
      onTrouble: (message) => tell({ kind: 'trouble', message }),
    })
  }

  /** The installed system's first start: reports in as cloud-init would, then runs until its power goes. */
  async function startInstalled(system: InstalledSystem, host: FirmwareHost): Promise<void> {
    const { signal } = power
    reach('local-boot')
    // Its firmware may have found nobody to boot from, and so no address.
    while (address === null && !(await leaseAddress(host))) await pause(reportAgainMs, signal)
    while (system.phoneHomeUrl !== null && !system.hasReported && address !== null) {
      const body = new URLSearchParams({ instance_id: system.deploymentId }).toString()
      const request = { address, signal, method: 'POST', body } as const
      const answer = await fetchByHttp(system.phoneHomeUrl, request).catch(() => null)
      signal.throwIfAborted()
      system.hasReported = answer?.status === 200
      if (!system.hasReported) await pause(reportAgainMs, signal)
    }
    reach('reported')
    await untilPowerIsCut(signal)
  }

  async function bootOnce(): Promise<void> {
    const { signal } = power
    const { uuid, manufacturer } = inventory.smbios
    const host: FirmwareHost = {
      ...options,
      uuid: uuid ?? '00000000-0000-0000-0000-000000000000',
      manufacturer: manufacturer ?? '',
      firmware: inventory.firmware,
      signal,
      takeAddress,
      reach,
    }
    const found = await netboot(host)
    if (found.kind === 'ramdisk') return startRamdisk(found)
    if (installed) return startInstalled(installed, host)
    const why = found.kind === 'nothing' ? found.why : 'its own disk holds nothing to start'
    tell({ kind: 'trouble', message: `${why}; starting over` })
    await pause(bootAgainMs, signal)
  }

  async function live(): Promise<void> {
    while (!isStopped) {
      boot++
      try {
        await bootOnce()
      } catch (error) {
        if (!power.signal.aborted) {
          tell({ kind: 'trouble', message: (error as Error).message })
          await pause(bootAgainMs, power.signal).catch(() => undefined)
        }
      }
      // Whatever still runs of this boot ends with it, as in a machine that restarts.
      const wasCut = power.signal.aborted
      power.abort(new PowerLost())
      if (address !== null) await options.addresses.remove(address)
      address = null
      if (isStopped) return
      power = new AbortController()
      if (!wasCut) continue
      tell({ kind: 'power-cut' })
      const { signal } = power
      await (awayMs === null ? untilPowerIsCut(signal) : pause(awayMs, signal)).catch(() => undefined)
      power = new AbortController()
    }
  }

  const living = live()
  return {
    cutPower,
    async stop() {
      isStopped = true
      power.abort(new PowerLost())
      await living
    },
  }
}

function untilPowerIsCut(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

const openDisk = (path: string): Promise<FileHandle> => open(path, 'w')

function argumentOf(kernelArguments: readonly string[], name: string): string {
  const found = kernelArguments.find((word) => word.startsWith(`${name}=`))
  if (!found) throw new Error(`The kernel's command line has no ${name}.`)
  return found.slice(name.length + 1)
}

function findPhoneHome(userData: string): string | null {
  return /http:\/\/\S+\/phone-home\/[\w-]+\/[\w-]+/.exec(userData)?.[0] ?? null
}

function chooseDisk({ disks }: Inventory, sizeBytes: number): Disk | null {
  const fitting = disks.filter((disk) => !disk.removable && disk.sizeBytes >= sizeBytes)
  return fitting.toSorted((one, other) => one.sizeBytes - other.sizeBytes)[0] ?? null
}

function withAddress(inventory: Inventory, address: string): Inventory {
  const nics = inventory.nics.map((nic) => (nic.boot ? { ...nic, address } : nic))
  return { ...inventory, nics }
}
