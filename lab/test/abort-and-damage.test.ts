import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeploymentView } from '@dragonfly/schema/api'
import { expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { runCommand } from '../src/command.ts'
import { importFile, waitForEdge, waitForImage } from '../src/deploy.ts'
import { ensureImage } from '../src/image/build.ts'
import { writeSeed } from '../src/image/seed.ts'
import { serveImage } from '../src/image-host.ts'
import type { Lab } from '../src/lab.ts'
import type { Machine } from '../src/machine.ts'
import { edgeDataDir, type Product, startProduct } from '../src/product.ts'
import { inRack } from './support/rack.ts'

const ramdiskTimeoutMs = 600_000
const bootTimeoutMs = 300_000

/** A machine in service: its disk holds a system that was installed long ago. */
async function addOldMachine(lab: Lab): Promise<Machine> {
  const disk = join(lab.state.dir, 'old.raw')
  await runCommand(['cp', '--sparse=always', (await ensureImage()).path, disk])
  await writeSeed(disk, {
    'meta-data': 'instance-id: old-1\nlocal-hostname: old-1\n',
    'user-data': '#cloud-config\nhostname: old-1\n',
  })
  return lab.addMachine('old-1', { firmware: 'bios', baseImage: disk })
}

function order(product: Product, machineId: string, imageId: string): Promise<DeploymentView> {
  return product.api.createDeployment({
    machineId,
    imageId,
    hostname: 'new-1',
    disk: { by: 'smallest', kind: 'any' },
    sshKeys: [],
  })
}

function waitForDeployment(
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

const isOver = (view: DeploymentView): boolean => view.status !== 'armed' && view.status !== 'running'

/** Damages one stored chunk of the only image that the edge holds, as a bad disk would: the largest. */
async function damageChunkAtRest(lab: Lab): Promise<void> {
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
async function expectDiskNotBootable(machine: Machine): Promise<void> {
  await machine.waitForSerial(/Starting from its own disk\. /, bootTimeoutMs)
  await machine.waitForSerial(/No disk could be started\./, bootTimeoutMs)
  expect(await machine.serialText()).not.toContain('LAB-BOOT')
}

test('an aborted deployment leaves the machine to its disk, and a damaged chunk is never booted from', () =>
  inRack('abort-test', async (lab) => {
    const product = await startProduct(lab)
    const { path, sha256 } = await ensureImage()
    const imageId = await importFile(lab, product, { name: 'Debian 12', path, sha256 })
    const machine = await addOldMachine(lab)
    const { siteId } = product
    const { machineId } = await product.api.createMachine({ siteId, mac: machine.mac, name: 'old-1' })

    // Armed, and aborted before it was ever seen: it boots the system that it had.
    const unseen = await order(product, machineId, imageId)
    await product.api.abortDeployment(unseen.deploymentId)
    const withdrawn = await waitForDeployment(product, unseen.deploymentId, 'the abort', isOver)
    expect(withdrawn).toMatchObject({ status: 'aborted', stage: 'powering', startedAt: null })
    await machine.powerOn()
    await machine.waitForSerial(/Starting from its own disk\. Nothing is armed for it/, bootTimeoutMs)
    await machine.waitForSerial(/LAB-BOOT old-1/, bootTimeoutMs)

    // A chunk damaged on the edge's disk: it fails by name, and is not booted from.
    await damageChunkAtRest(lab)
    const damaged = await order(product, machineId, imageId)
    await waitForEdge(product)
    await machine.power('cycle')
    const failed = await waitForDeployment(product, damaged.deploymentId, 'the damage to be found', isOver)
    expect(failed).toMatchObject({
      status: 'failed',
      stage: 'writing',
      failure: {
        reason: 'chunk-corrupt',
        message: expect.stringMatching(/^Chunk [0-9a-f]{12}… at byte \d+ arrived damaged every time: it/),
        nextStep: 'Import the image again on the images page, then deploy again.',
      },
    })
    const image = await waitUntil(
      'the image to be shown as failed',
      async () => {
        const view = await product.api.image(imageId)
        return view.status === 'failed' ? view : undefined
      },
      60_000,
    )
    expect(image.edges[0]?.failure).toMatchObject({ reason: 'checksum-mismatch' })
    await expect(order(product, machineId, imageId)).rejects.toThrow(/409.*is not ready at this site/)
    await machine.power('cycle')
    await expectDiskNotBootable(machine)

    // What the failure said to do helps.
    const host = await serveImage(path, lab.uplink.hostAddress, Number(new URL(image.url).port))
    await product.api.retryImage(imageId)
    await waitForImage(product, imageId)
    await host.close()

    // Aborted while it writes: the ramdisk stops, and the edge says so.
    const writing = await order(product, machineId, imageId)
    await waitForEdge(product)
    await machine.power('cycle')
    await waitForDeployment(product, writing.deploymentId, 'writing to begin', (view) => {
      if (isOver(view)) throw new Error(`it ended before it was aborted: ${JSON.stringify(view.failure)}`)
      return view.stage === 'writing' && (view.bytesDone ?? 0) > 0
    })
    const from = await machine.serialLength()
    const asked = await product.api.abortDeployment(writing.deploymentId)
    expect(asked).toMatchObject({ status: 'running', abortRequested: true })
    const aborted = await waitForDeployment(product, writing.deploymentId, 'the abort', isOver)
    expect(aborted).toMatchObject({ status: 'aborted', stage: 'writing', failure: null })
    // It restarts by itself, and its next netboot leaves it to its disk, which is not half of a system.
    await machine.waitForSerial(/Starting from its own disk\. /, bootTimeoutMs, from)
    await machine.waitForSerial(/No disk could be started\./, bootTimeoutMs, from)
    expect(await machine.serialText(from)).not.toContain('LAB-BOOT')
    expect(await product.api.machine(machineId)).toMatchObject({ status: 'ready' })
    await product.stop()
  }))
