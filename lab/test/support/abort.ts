import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeploymentView } from '@dragonfly/schema/api'
import { expect } from 'vitest'
import { waitUntil } from '../../src/api.ts'
import { runCommand } from '../../src/command.ts'
import { ensureImage } from '../../src/image/build.ts'
import { writeSeed } from '../../src/image/seed.ts'
import type { Lab } from '../../src/lab.ts'
import type { Machine } from '../../src/machine.ts'
import { edgeDataDir, type Product } from '../../src/product.ts'

const ramdiskTimeoutMs = 600_000
export const bootTimeoutMs = 300_000

/** A machine in service: its disk holds a system that was installed long ago. */
export async function addOldMachine(lab: Lab): Promise<Machine> {
  const disk = join(lab.state.dir, 'old.raw')
  await runCommand(['cp', '--sparse=always', (await ensureImage()).path, disk])
  await writeSeed(disk, {
    'meta-data': 'instance-id: old-1\nlocal-hostname: old-1\n',
    'user-data': '#cloud-config\nhostname: old-1\n',
  })
  return lab.addMachine('old-1', { firmware: 'bios', baseImage: disk })
}

export function order(product: Product, machineId: string, imageId: string): Promise<DeploymentView> {
  return product.api.createDeployment({
    machineId,
    imageId,
    hostname: 'new-1',
    disk: { by: 'smallest', kind: 'any' },
    sshKeys: [],
  })
}

export function waitForDeployment(
  product: Product,
  deploymentId: string,
  what: string,
  isThere: (view: DeploymentView) => boolean,
): Promise<DeploymentView> {
  return waitUntil(
    what,
    async () => {
      const view = await product.api.deployment(deploymentId)
      return isThere(view) ? view : undefined
    },
    ramdiskTimeoutMs,
    100,
  )
}

export const isOver = (view: DeploymentView): boolean => view.status !== 'armed' && view.status !== 'running'

/** Damages one stored chunk of the only image that the edge holds, as a bad disk would: the largest. */
export async function damageChunkAtRest(lab: Lab): Promise<void> {
  const dir = join(edgeDataDir(lab), 'images', 'chunks')
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const files = await Promise.all(paths.map(async (path) => ({ path, bytes: await readFile(path) })))
  const [largest] = files.toSorted((a, b) => b.bytes.length - a.bytes.length)
  if (!largest) throw new Error('the edge holds no chunks')
  const { path, bytes } = largest
  for (let at = 1000; at < bytes.length; at += 1000) bytes[at] = (bytes[at] ?? 0) ^ 0x10
  await writeFile(path, bytes)
}

/** The boot responder sends it to its own disk; and what is on there does not start. */
export async function expectDiskNotBootable(machine: Machine): Promise<void> {
  await machine.waitForSerial(/Starting from its own disk\. /, bootTimeoutMs)
  await machine.waitForSerial(/No disk could be started\./, bootTimeoutMs)
  expect(await machine.serialText()).not.toContain('LAB-BOOT')
}
