import { once } from 'node:events'
import { join } from 'node:path'
import { bmcFiles } from '../bmc-process.ts'
import { loadMachine } from '../machine.ts'
import { labState, readJson, writeJson } from '../state.ts'
import { type BmcFaults, noFaults } from './faults.ts'
import { downloadMedia } from './media.ts'
import { QemuChassis } from './qemu-chassis.ts'
import { startSimulatedBmc } from './simulated-bmc.ts'

/** The process of one BMC of a rack, in the LAN's namespace: `main.ts LAB MACHINE`. */
const [labName = '', machineName = ''] = process.argv.slice(2)
const state = labState(labName)
const machine = await loadMachine(state, machineName)
if (!machine?.spec.bmc) throw new Error(`The lab "${labName}" has no machine "${machineName}" with a BMC.`)
const { address, personality, users, kg } = machine.spec.bmc
const files = bmcFiles(state, machineName)
const readFaults = async (): Promise<BmcFaults> => ({
  ...noFaults,
  ...(await readJson<Partial<BmcFaults>>(files.faults)),
})

const started = await startSimulatedBmc({
  chassis: new QemuChassis(machine),
  address,
  ipmiPort: 623,
  systemSocket: machine.files.systemSocket,
  redfishPort: 443,
  fetchMedia: (url) => downloadMedia(url, join(files.dir, 'media.iso')),
  personality,
  users,
  faults: await readFaults(),
  ...(kg === undefined ? {} : { kg: Buffer.from(kg, 'hex') }),
})
process.on('SIGHUP', () => {
  readFaults().then(
    (faults) => {
      started.bmc.faults = faults
    },
    (error: unknown) => process.stderr.write(`bmc: ${String(error)}\n`),
  )
})
await writeJson(files.ready, { pid: process.pid, address })
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
await started.close()
process.exit(0)
