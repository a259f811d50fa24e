import { expect, test } from 'vitest'
import { type DeployOptions, runDeployment, variantFor } from '../src/deploy.ts'
import type { MachineRequest } from '../src/lab.ts'

/** A whole deployment; it also logs into the installed system with the key that the deployment gave. */
async function deploy(machine: MachineRequest, discover: boolean): Promise<void> {
  const said: string[] = []
  const options: DeployOptions = {
    labName: 'deploy-test',
    machine,
    discover,
    variant: variantFor(machine),
    onProgress: (line) => said.push(line),
  }
  const report = await runDeployment(options)
  expect(report.result, said.join('\n')).toBe('deployed')
}

test('a BIOS machine nobody announced is discovered, adopted and deployed', async () => {
  await deploy({ firmware: 'bios', disks: ['virtio'] }, true)
})

test('a UEFI machine announced by its MAC address is deployed to its NVMe disk', async () => {
  await deploy({ firmware: 'uefi', disks: ['nvme'] }, false)
})
