import { expect, test } from 'vitest'
import { runDeployment } from '../../src/deploy.ts'

// The ordinary tests use an image with a light stand-in for cloud-init, which boots in a third of the time. Here the
// real package reads the seed, creates the user and reports in.
test('an image with cloud-init itself is deployed, lets the key in and reports in', async () => {
  const said: string[] = []
  const report = await runDeployment({
    labName: 'cloud-init-test',
    machine: { firmware: 'bios', disks: ['virtio'], memoryMib: 1024 },
    discover: false,
    variant: 'cloud-init',
    onProgress: (line) => said.push(line),
  })
  console.log(JSON.stringify(report))
  expect(report.result, said.join('\n')).toBe('deployed')
})
