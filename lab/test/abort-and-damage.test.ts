import { expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { importFile, waitForEdge, waitForImage } from '../src/deploy.ts'
import { ensureImage } from '../src/image/build.ts'
import { serveImage } from '../src/image-host.ts'
import { startProduct } from '../src/product.ts'
import {
  addOldMachine,
  bootTimeoutMs,
  damageChunkAtRest,
  isOver,
  order,
  waitForDeployment,
} from './support/abort.ts'
import { waitForScript } from './support/boot-script.ts'
import { inRack } from './support/rack.ts'

// Two starts of one machine; what it would do in between is asked for. `long/abort-and-damage` starts it each time.
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
    await waitForScript(lab, machine, /Starting from its own disk\. Nothing is armed for it/)

    // A chunk damaged on the edge's disk: it fails by name, and is not booted from.
    await damageChunkAtRest(lab)
    const damaged = await order(product, machineId, imageId)
    await waitForEdge(product)
    await machine.powerOn()
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
      300_000,
    )
    expect(image.edges[0]?.failure).toMatchObject({ reason: 'checksum-mismatch' })
    await expect(order(product, machineId, imageId)).rejects.toThrow(/409.*is not ready at this site/)
    await waitForScript(lab, machine, /Starting from its own disk\. /)

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
