import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Lab } from '../lab.ts'
import { addLanAddress, removeLanAddress } from '../network.ts'
import { createMachineSpec } from '../simulator/machine-inventory.ts'
import type { MachineEvent } from './boot-stage.ts'
import type { NetbootRackOptions } from './netboot-rack.ts'

/** Simulated machines on a lab's LAN. */
export interface NetbootSimulator {
  /** Of all its machines. */
  macs: ReadonlySet<string>
  /** All that happened, in order. */
  events: readonly MachineEvent[]
  /** Cuts a machine's power; it is given back after a while, or never for null. */
  cutPower(mac: string, backAfterMs: number | null): void
  /** Resolves when they are gone. */
  ended: Promise<void>
  stop(): Promise<void>
}

const program = fileURLToPath(new URL('./main.ts', import.meta.url))
/** The bridge's own address, below those of BMCs and leases. */
const ownAddress = '10.77.0.10'

const netbootDefaults: NetbootRackOptions = {
  device: 'br0',
  count: 20,
  seed: 1,
  bootFiles: 'whole',
  bootServerEvery: 3,
  lossRate: 0,
  diskDir: null,
  faults: {},
}

/** Starts them in a process of their own, on the LAN of a lab that is up. */
export async function startNetbootSimulator(
  lab: Lab,
  options: Partial<NetbootRackOptions>,
  onEvent: (event: MachineEvent) => void = () => undefined,
): Promise<NetbootSimulator> {
  await addLanAddress(lab.state, ownAddress)
  const given = { ...netbootDefaults, ...options }
  const argv = [process.execPath, program, JSON.stringify(given)]
  const child = await lab.spawn('lan', argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const events: MachineEvent[] = []
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as MachineEvent
      events.push(event)
      onEvent(event)
    })
  const ended = once(child, 'exit').then(() => removeLanAddress(lab.state, ownAddress))
  return {
    macs: new Set(
      Array.from({ length: given.count }, (_, index) => createMachineSpec(given.seed, index).mac),
    ),
    events,
    cutPower: (mac, backAfterMs) => void child.stdin?.write(`${JSON.stringify({ mac, backAfterMs })}\n`),
    ended,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
