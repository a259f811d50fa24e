import { join } from 'node:path'
import { runCommand, tryCommand } from '../command.ts'
import { createMachineSpec } from '../simulator/machine-inventory.ts'
import { createRandom } from '../simulator/random.ts'
import type { MachineEvent, MachineFaults } from './boot-stage.ts'
import { openDhcpClient } from './dhcp-client.ts'
import { type NetbootMachine, startNetbootMachine } from './netboot-machine.ts'

export interface NetbootRackOptions {
  /** The network device that they are on. */
  device: string
  count: number
  /** Of who they are, and of what gets lost on the way to them. */
  seed: number
  /** Whether kernel and initrd are fetched whole (and dropped), or only asked for. */
  bootFiles: 'whole' | 'head'
  /** Every how many of them believe port 4011 alone; 0 is none. */
  bootServerEvery: number
  /** How many of their DHCP and TFTP packets get lost, each way: 0 to 1. */
  lossRate: number
  /** Where their disks are sparse files; null: what they write is dropped. */
  diskDir: string | null
  /** By a machine's place, from 0. */
  faults: Record<string, MachineFaults>
}

export interface NetbootRack {
  /** By MAC. */
  machines: ReadonlyMap<string, NetbootMachine>
  stop(): Promise<void>
}

/** Starts simulated machines that boot over real packets, in this process's own network namespace. */
export async function startNetbootRack(
  options: NetbootRackOptions,
  onEvent: (event: MachineEvent) => void,
): Promise<NetbootRack> {
  const { device, diskDir } = options
  const random = createRandom(options.seed)
  const isLost = (): boolean => random.chance(options.lossRate)
  await runCommand(['ip', 'route', 'replace', '255.255.255.255', 'dev', device])
  const dhcp = await openDhcpClient(isLost)
  const addresses = {
    add: async (address: string): Promise<void> => {
      await runCommand(['ip', 'addr', 'replace', `${address}/32`, 'dev', device])
    },
    remove: async (address: string): Promise<void> => {
      await tryCommand(['ip', 'addr', 'del', `${address}/32`, 'dev', device])
    },
  }
  const machines = new Map<string, NetbootMachine>()
  for (let index = 0; index < options.count; index++) {
    const { mac, inventory } = createMachineSpec(options.seed, index)
    const machine = startNetbootMachine({
      mac,
      // Nobody answers where a make-believe BMC would be.
      inventory: { ...inventory, bmc: null },
      asksBootServer: options.bootServerEvery > 0 && index % options.bootServerEvery === 0,
      bootFiles: options.bootFiles,
      faults: options.faults[index] ?? {},
      diskFile: diskDir === null ? null : join(diskDir, `${mac.replaceAll(':', '')}.raw`),
      dhcp,
      random,
      isLost,
      addresses,
      onEvent,
    })
    machines.set(mac, machine)
  }
  return {
    machines,
    async stop() {
      await Promise.all([...machines.values()].map((machine) => machine.stop()))
      dhcp.close()
    },
  }
}
