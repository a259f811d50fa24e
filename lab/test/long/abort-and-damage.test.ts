import { expect, test } from 'vitest'
import { importFile, waitForEdge } from '../../src/deploy.ts'
import { ensureImage } from '../../src/image/build.ts'
import { startProduct } from '../../src/product.ts'
import {
  addOldMachine,
  bootTimeoutMs,
  damageChunkAtRest,
  expectDiskNotBootable,
  isOver,
  order,
  waitForDeployment,
} from '../support/abort.ts'
import { inRack } from '../support/rack.ts'

test('after an abort a machine starts the system that it had, and after a damaged image none', () =>
  inRack('abort-long', async (lab) => {
    const product = await startProduct(lab)
    const { path, sha256 } = await ensureImage()
    const imageId = await importFile(lab, product, { name: 'Debian 12', path, sha256 })
    const machine = await addOldMachine(lab)
    const { siteId } = product
    const { machineId } = await product.api.createMachine({ siteId, mac: machine.mac, name: 'old-1' })
    const unseen = await order(product, machineId, imageId)
    await product.api.abortDeployment(unseen.deploymentId)
    await waitForDeployment(product, unseen.deploymentId, 'the abort', isOver)
    await machine.powerOn()
    await machine.waitForSerial(/Starting from its own disk\. Nothing is armed for it/, bootTimeoutMs)
    await machine.waitForSerial(/LAB-BOOT old-1/, bootTimeoutMs)

    await damageChunkAtRest(lab)
    const damaged = await order(product, machineId, imageId)
    await waitForEdge(product)
    await machine.power('cycle')
    const failed = await waitForDeployment(product, damaged.deploymentId, 'the damage to be found', isOver)
    expect(failed).toMatchObject({ status: 'failed', failure: { reason: 'chunk-corrupt' } })
    await machine.power('cycle')
    await expectDiskNotBootable(machine)
    await product.stop()
  }))
