import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from '../../src/command.ts'
import { deployMachine } from '../../src/deploy.ts'
import { ensureImage } from '../../src/image/build.ts'
import type { Lab } from '../../src/lab.ts'
import { startProduct } from '../../src/product.ts'
import type { Firmware } from '../../src/qemu.ts'
import { sha256OfFile } from '../support/disk-content.ts'
import { inRack } from '../support/rack.ts'

const chunkBytes = 4 * 2 ** 20
/** Behind the system: nine chunks of twenty hold what can't be compressed, and take the most memory on their way. */
const ballastChunks = 200
const isData = (chunk: number): boolean => chunk % 20 < 9

async function makeImage(lab: Lab): Promise<{ name: string; path: string; sha256: string }> {
  const path = join(lab.state.dir, 'half-empty.raw')
  await runCommand(['cp', '--sparse=always', (await ensureImage('light')).path, path])
  const file = await open(path, 'r+')
  const start = Math.ceil((await file.stat()).size / chunkBytes) * chunkBytes
  await file.truncate(start + ballastChunks * chunkBytes)
  for (let chunk = 0; chunk < ballastChunks; chunk++)
    if (isData(chunk)) await file.write(randomBytes(chunkBytes), 0, chunkBytes, start + chunk * chunkBytes)
  await file.close()
  return { name: 'Half empty', path, sha256: await sha256OfFile(path) }
}

test.each<Firmware>(['bios', 'uefi'])(
  'a %s machine of 512 MB with four cores is written an image',
  (firmware) =>
    inRack(`small-${firmware}`, async (lab) => {
      const product = await startProduct(lab)
      const progress: string[] = []
      const report = await deployMachine(lab, product, {
        labName: lab.state.name,
        machine: { firmware, memoryMib: 512, cpus: 4 },
        discover: false,
        variant: 'light',
        image: await makeImage(lab),
        onProgress: (line) => progress.push(line),
      })
      expect(report.result, progress.join('\n')).toBe('deployed')
      const [machine] = await product.api.machines()
      expect(machine?.deployment).toMatchObject({ attempt: 1 })
      const log = await product.api.machineLog(machine?.machineId ?? '')
      const said = log.map(({ text }) => text)
      console.log(JSON.stringify(report), said.filter((text) => text.startsWith('peak memory')).join())
      expect(said.filter((text) => /out of memory|oom/i.test(text))).toEqual([])
      await product.stop()
    }),
)
