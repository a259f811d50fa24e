import { waitUntil } from '../../src/api.ts'
import type { Lab } from '../../src/lab.ts'
import type { Machine } from '../../src/machine.ts'
import { lan } from '../../src/network.ts'

const fetchText = 'fetch(process.argv[1]).then((answer) => answer.text()).then(console.log)'

/** Waits until the edge would give a machine's iPXE a script that says this. The machine itself need not be on. */
export async function waitForScript(lab: Lab, machine: Machine, says: RegExp): Promise<void> {
  const path = `ipxe/${machine.mac.replaceAll(':', '-')}?uuid=${machine.spec.uuid}`
  const ask = [process.execPath, '-e', fetchText, `http://${lan.edge}:6870/${path}`]
  await waitUntil(
    `the edge to tell it: ${says}`,
    async () => says.test((await lab.exec('customer', ask)).stdout) || undefined,
    300_000,
  )
}
