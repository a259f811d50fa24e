import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { runCommand } from '../../src/command.ts'
import type { Machine } from '../../src/machine.ts'

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(part as Buffer)
  return hash.digest('hex')
}

/** SHA-256 of what a machine that is off has on its first disk, from its first byte to its last. */
export async function sha256OfDisk(machine: Machine): Promise<string> {
  const disk = machine.files.disks[0] ?? ''
  const raw = `${disk}.raw`
  await runCommand(['qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', disk, raw])
  try {
    return await sha256OfFile(raw)
  } finally {
    await rm(raw, { force: true })
  }
}
