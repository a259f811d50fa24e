import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../command.ts'
import { createDiskLayout, sectorSize } from './disk-layout.ts'

const seedDir = '/var/lib/cloud/seed/nocloud'

export interface NoCloudSeed {
  'meta-data': string
  'user-data': string
  'network-config'?: string
}

/**
 * Writes a NoCloud seed into the root partition of one of our images, as a deployment would, without mounting it
 * (debugfs works on a file at an offset).
 */
export async function writeSeed(image: string, seed: NoCloudSeed): Promise<void> {
  const workDir = await mkdtemp(join(tmpdir(), 'dragonfly-seed-'))
  try {
    const commands: string[] = []
    for (const [name, text] of Object.entries(seed)) {
      await writeFile(join(workDir, name), text)
      commands.push(`write ${join(workDir, name)} ${seedDir}/${name}`)
    }
    const offset = createDiskLayout(1).root.startSector * sectorSize
    await writeFile(join(workDir, 'commands'), `${commands.join('\n')}\n`)
    await runCommand(['debugfs', '-w', '-f', join(workDir, 'commands'), `${image}?offset=${offset}`])
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}
