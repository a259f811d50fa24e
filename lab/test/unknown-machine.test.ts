import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { importFile, waitForEdge } from '../src/deploy.ts'
import type { Lab } from '../src/lab.ts'
import { type Product, startProduct } from '../src/product.ts'
import { waitForScript } from './support/boot-script.ts'
import { sha256OfDisk, sha256OfFile } from './support/disk-content.ts'
import { createForeignDisk, foreignBootMessage, foreignDiskBytes } from './support/foreign-disk.ts'
import { inRack } from './support/rack.ts'

const ramdiskTimeoutMs = 400_000
const netbootTimeoutMs = 180_000

/** An image that no disk of this machine can hold. */
async function importLargeImage(lab: Lab, product: Product): Promise<string> {
  const path = join(lab.state.dir, 'large.raw')
  await writeFile(path, 'not all zeros')
  await truncate(path, 2 * foreignDiskBytes)
  return importFile(lab, product, { name: 'Too large', path, sha256: await sha256OfFile(path) })
}

test('an unknown machine is discovered once, and not a byte on its disk is altered', () =>
  inRack('unknown-test', async (lab) => {
    const disk = await createForeignDisk(join(lab.state.dir, 'foreign'))
    const before = await sha256OfFile(disk)
    const product = await startProduct(lab)
    const imageId = await importLargeImage(lab, product)
    const stranger = await lab.addMachine('stranger', {
      firmware: 'bios',
      diskSizeBytes: foreignDiskBytes,
      baseImage: disk,
    })

    await stranger.powerOn()
    const found = await waitUntil(
      'the machine to be discovered, and the system on its disk to be found',
      async () => {
        const [machine] = await product.api.machines()
        return machine?.os ? product.api.machine(machine.machineId) : undefined
      },
      ramdiskTimeoutMs,
    )
    expect(found).toMatchObject({
      status: 'discovered',
      adopted: false,
      macs: [stranger.mac],
      os: 'Debian GNU/Linux 11 (bullseye)',
      smbiosUuid: stranger.spec.uuid,
      serial: stranger.spec.serialNumber,
      inventory: {
        firmware: 'bios',
        virtualMachine: true,
        disks: [{ serial: stranger.spec.disks[0]?.serial, sizeBytes: foreignDiskBytes, signature: 'gpt' }],
        nics: [{ mac: stranger.mac, boot: true, link: true }],
      },
    })
    await stranger.powerOff()
    expect(await sha256OfDisk(stranger)).toBe(before)

    await stranger.powerOn()
    await stranger.waitForSerial(/Starting from its own disk\. Nothing is armed for it/, netbootTimeoutMs)
    await stranger.waitForSerial(new RegExp(foreignBootMessage), netbootTimeoutMs)
    await stranger.powerOff()
    expect(await sha256OfDisk(stranger)).toBe(before)

    await product.api.adoptMachine(found.machineId, 'stranger')
    const refused = await product.api.askForDeployment({
      machineId: found.machineId,
      imageId,
      hostname: 'stranger',
      disk: { by: 'smallest', kind: 'any' },
      sshKeys: [],
    })
    expect(refused).toMatchObject({ status: 409, body: { code: 'disk-too-small' } })
    expect(refused.body).toHaveProperty('detail', expect.stringMatching(/needs 537 MB.*268 MB, serial DF/))

    const deleted = await product.api.deleteMachine(found.machineId)
    expect(deleted.nextNetboot).toMatch(/^Its next netboot discovers it again/)
    await waitForEdge(product)
    // What its iPXE would be told: in the ordinary tests a machine is started only where nothing else shows it.
    await waitForScript(lab, stranger, /It is new here: looking at its hardware/)
    await product.stop()
  }))
