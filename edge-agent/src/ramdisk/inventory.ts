import { existsSync } from 'node:fs'
import type { Disk, Inventory, Nic } from '@dragonfly/schema/wire'
import type { Clock } from './clock.ts'
import { describeError } from './failure.ts'
import type { Log } from './log.ts'
import { listDisks } from './probes/block-devices.ts'
import { lookAtDisk } from './probes/disk-os.ts'
import { listGpus } from './probes/gpus.ts'
import { type MachineFacts, readMachine } from './probes/machine.ts'
import { listNics } from './probes/nics.ts'
import { parseMemoryDevices } from './probes/parse-dmidecode.ts'
import { parseLanPrint, parseMcInfo } from './probes/parse-ipmi.ts'
import { type LldpNeighbour, parseLldp } from './probes/parse-lldp.ts'
import { type DiskHealth, parseNvmeSmartLog, parseSmartctl } from './probes/parse-smartctl.ts'
import { describeCommandFailure, type RunCommand } from './run-command.ts'

export interface InventoryDeps {
  run: RunCommand
  clock: Clock
  log: Log
  bootMac: string | null
  /** Called with each fuller inventory. */
  onInventory: (inventory: Inventory) => void
}

export interface InventoryProbe {
  /** Gathers everything: the quick part is handed on at once, the slow part once and again. */
  gather(): Promise<void>
  /** The disks as they are now, with what has been found out about them. */
  currentDisks(): Disk[]
  /** Looks into no further disk; returns when none is mounted any more. For an order that wants the disks. */
  quiesce(): Promise<void>
}

/** A switch speaks LLDP every 30 seconds. */
const lldpWaitMs = 35_000
const lldpPollMs = 2500

export function createInventoryProbe(deps: InventoryDeps): InventoryProbe {
  const { run, log } = deps
  let stopped = false
  let looking: Promise<void> = Promise.resolve()
  let dimms: Inventory['memory']['dimms'] = []
  let bmc: Inventory['bmc'] = null
  let neighbours = new Map<string, LldpNeighbour>()
  const found = new Map<string, Partial<Disk>>()

  /** A probe that fails costs its own part of the inventory, and leaves a line in the log. */
  async function attempt(name: string, probe: () => Promise<void>): Promise<void> {
    try {
      await probe()
    } catch (error) {
      log.warning(`inventory: ${name}: ${describeError(error)}`)
    }
  }
  function attemptSync<T>(name: string, fallback: T, probe: () => T): T {
    try {
      return probe()
    } catch (error) {
      log.warning(`inventory: ${name}: ${describeError(error)}`)
      return fallback
    }
  }

  function currentDisks(): Disk[] {
    return attemptSync('disks', [], listDisks).map((disk) => ({ ...disk, ...found.get(disk.name) }))
  }

  function assemble(): Inventory {
    const { memoryBytes, ...machine } = attemptSync('machine', unknownMachine, readMachine)
    const installed = dimms.reduce((sum, dimm) => sum + dimm.sizeBytes, 0)
    return {
      ...machine,
      memory: { totalBytes: Math.max(installed, memoryBytes), dimms },
      disks: currentDisks(),
      nics: attemptSync<Nic[]>('network cards', [], () => listNics(deps.bootMac)).map((nic) => ({
        ...nic,
        lldp: neighbours.get(nic.name) ?? null,
      })),
      bmc,
      gpus: attemptSync('graphics cards', [], listGpus),
    }
  }

  async function lookAtDisks(): Promise<void> {
    for (const disk of attemptSync('disks', [], listDisks)) {
      if (stopped) return
      const look = lookAtDisk(disk, { run, note: (text) => log.info(text), stopped: () => stopped })
      looking = look.then(
        () => {},
        () => {},
      )
      await attempt(disk.name, async () => {
        found.set(disk.name, { ...found.get(disk.name), ...(await look) })
      })
    }
  }

  async function readHealth(disk: Disk): Promise<void> {
    if (disk.transport === 'virtio' || disk.transport === 'mmc') return
    const health = await askHealth(disk, run)
    if (!health) return
    const { healthy, wearPercent } = health
    found.set(disk.name, {
      ...found.get(disk.name),
      healthy,
      wearPercent,
      model: disk.model ?? health.model,
      serial: disk.serial ?? health.serial,
    })
  }

  async function readLldp(): Promise<void> {
    const until = deps.clock.now() + lldpWaitMs
    const linked = (): number => listNics(deps.bootMac).filter((nic) => nic.link).length
    while (deps.clock.now() < until && neighbours.size < linked()) {
      await deps.clock.sleep(lldpPollMs)
      const answer = await run(['lldpcli', '-f', 'json0', 'show', 'neighbors', 'details'])
      if (answer.code === 0) neighbours = parseLldp(answer.stdout)
    }
  }

  return {
    currentDisks,
    async gather() {
      deps.onInventory(assemble())
      const memory = attempt('memory', async () => {
        const answer = await run(['dmidecode', '-q', '-t', '17'])
        if (answer.code !== 0) throw new Error(describeCommandFailure(answer))
        dimms = parseMemoryDevices(answer.stdout)
      })
      await Promise.all([memory, lookAtDisks()])
      deps.onInventory(assemble())
      const disks = attemptSync('disks', [], listDisks)
      await Promise.all([
        ...disks.map((disk) => attempt(`health of ${disk.name}`, () => readHealth(disk))),
        attempt('BMC', async () => {
          if (existsSync('/dev/ipmi0')) bmc = await askBmc(run)
        }),
      ])
      deps.onInventory(assemble())
      await attempt('LLDP', readLldp)
      if (neighbours.size > 0) deps.onInventory(assemble())
    },
    async quiesce() {
      stopped = true
      await looking
    },
  }
}

async function askHealth(disk: Disk, run: RunCommand): Promise<DiskHealth | null> {
  if (disk.transport === 'nvme') {
    const answer = await run(['nvme', 'smart-log', '-o', 'json', `/dev/${disk.name}`])
    const health = answer.code === 0 ? parseNvmeSmartLog(answer.stdout) : null
    if (health) return { ...health, model: null, serial: null }
  }
  // Exit bits tell of bad health as well as of errors (smartctl(8)), so the JSON alone counts.
  const answer = await run(['smartctl', '-j', '-H', '-i', '-A', `/dev/${disk.name}`])
  return parseSmartctl(answer.stdout)
}

/** The BMC's address is mostly on channel 1; some boards have it on 8 or 2. */
async function askBmc(run: RunCommand): Promise<Inventory['bmc']> {
  const firmware = parseMcInfo((await run(['ipmitool', 'mc', 'info'])).stdout)
  for (const channel of ['1', '8', '2', '3']) {
    const lan = parseLanPrint((await run(['ipmitool', 'lan', 'print', channel])).stdout)
    if (lan) return { ...lan, firmware }
  }
  return { address: null, mac: null, firmware }
}

const unknownMachine: MachineFacts = {
  firmware: 'bios',
  secureBoot: null,
  smbios: {
    uuid: null,
    manufacturer: null,
    product: null,
    serial: null,
    boardSerial: null,
    assetTag: null,
    biosVendor: null,
    biosVersion: null,
    biosDate: null,
  },
  virtualMachine: false,
  cpu: { model: null, sockets: 1, cores: 1, threads: 1, architecture: 'unknown' },
  tpm: null,
  memoryBytes: 0,
}
