import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { syncDirectory } from '../../io/atomic-file.ts'
import { versionsDir } from './versions.ts'

const run = promisify(execFile)
const manifestSchema = z.object({
  name: z.literal('dragonfly-edge'),
  version: z.string().regex(/^\d+\.\d+\.\d+[\w.+-]{0,40}$/),
  os: z.array(z.string()).optional(),
  cpu: z.array(z.string()).optional(),
})
const startsWithinMs = 30_000

/** What can't be used as an update, in a sentence. */
export class UpdateError extends Error {}

/**
 * Unpacks a tarball that needs no registry into `versions/<version>`, and sees that it starts. Nothing that is in use is
 * touched.
 * @throws UpdateError
 */
export async function unpackVersion(dataDir: string, tarball: string): Promise<string> {
  const directory = versionsDir(dataDir)
  const part = join(directory, '.part')
  await rm(part, { recursive: true, force: true })
  await mkdir(part, { recursive: true, mode: 0o700 })
  try {
    await run('tar', ['-xzf', tarball, '-C', part, '--no-same-owner', '--no-same-permissions'])
  } catch (error) {
    throw new UpdateError(
      `${tarball} can’t be unpacked (${(error as Error).message.trim().split('\n').at(-1)}).`,
    )
  }
  const { version } = await readManifest(join(part, 'package'))
  await tryStart(join(part, 'package'), version)
  const target = join(directory, version)
  await rm(target, { recursive: true, force: true })
  await rename(part, target)
  await syncDirectory(directory)
  return version
}

async function readManifest(packageDir: string) {
  const text = await readFile(join(packageDir, 'package.json'), 'utf8').catch(() => '{}')
  const manifest = manifestSchema.safeParse(JSON.parse(text)).data
  if (!manifest) throw new UpdateError('This is no package of dragonfly-edge.')
  const fits = (names: string[] | undefined, own: string) => names === undefined || names.includes(own)
  if (!fits(manifest.os, process.platform) || !fits(manifest.cpu, process.arch))
    throw new UpdateError(`This package is not for ${process.platform} on ${process.arch}.`)
  return manifest
}

/** Its native libraries load, and it is what it says. */
async function tryStart(packageDir: string, version: string): Promise<void> {
  try {
    const entry = join(packageDir, 'bin/dragonfly-edge.cjs')
    const { stdout } = await run(process.execPath, [entry, '--version'], { timeout: startsWithinMs })
    if (stdout.trim() === version) return
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n')[0]
    throw new UpdateError(`Version ${version} does not start here: ${said || (error as Error).message}`)
  }
  throw new UpdateError(`Version ${version} says that it is another one.`)
}
