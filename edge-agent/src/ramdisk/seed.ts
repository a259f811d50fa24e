import { chmod, lstat, mkdir, open, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Action } from '@dragonfly/schema/wire'
import { describeError, WorkFailure } from './failure.ts'

export type Seed = Extract<Action, { action: 'write-seed' }>

/** Where cloud-init looks first (NoCloud, "seed directory"). */
export const seedDirectory = 'var/lib/cloud/seed/nocloud'

/**
 * Writes a NoCloud seed below the root of an installed system. Only root may read it: it holds secrets. Returns
 * whether the system has cloud-init to read it. Throws WorkFailure `seed-write-error`.
 */
export async function writeSeed(root: string, seed: Seed): Promise<{ cloudInit: boolean }> {
  try {
    const directory = await makeDirectory(root)
    const files = {
      'meta-data': seed.metaData,
      'user-data': seed.userData,
      'network-config': seed.networkConfig,
    }
    for (const [name, text] of Object.entries(files)) {
      const path = join(directory, name)
      // Never through what the image has there: it might be a link.
      await rm(path, { force: true })
      if (text !== null) await writeSecret(path, text)
    }
  } catch (error) {
    if (error instanceof WorkFailure) throw error
    throw new WorkFailure('seed-write-error', `The seed can’t be written: ${describeError(error)}.`)
  }
  return { cloudInit: (await lstat(join(root, 'etc/cloud')).catch(() => null)) !== null }
}

/** Makes the seed's directory, 0755, one level at a time, without leaving `root` through a link. */
async function makeDirectory(root: string): Promise<string> {
  const top = await realpath(root)
  let directory = top
  for (const part of seedDirectory.split('/')) {
    const path = join(directory, part)
    const made = await mkdir(path, { mode: 0o755 }).then(
      () => true,
      (error) => {
        if (error.code === 'EEXIST') return false
        throw error
      },
    )
    if (made) await chmod(path, 0o755)
    directory = await realpath(path)
    if (directory !== top && !directory.startsWith(`${top}/`)) {
      throw new WorkFailure('seed-write-error', `/${seedDirectory} of the image leads out of its root.`)
    }
  }
  return directory
}

async function writeSecret(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
