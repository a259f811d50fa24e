import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { BundleBuildError } from './host.ts'

export type NodeBinary = { path: string; version: string; fingerprint: string }

/**
 * The Node that the workspace installed from npm. Not the one that runs this build, which may be anything.
 * @throws BundleBuildError when the workspace has none
 */
export async function findNode(): Promise<NodeBinary> {
  const require = createRequire(import.meta.url)
  let path = process.execPath
  try {
    const installed = join(dirname(require.resolve('node/package.json')), 'bin/node')
    if (existsSync(installed)) path = installed
  } catch {
    // no such package: the running Node is checked below
  }
  const real = await realpath(path)
  const { stdout } = await promisify(execFile)(real, ['--version'])
  const version = stdout.trim().replace(/^v/, '')
  if (Number(version.split('.')[0]) < 24) {
    throw new BundleBuildError(
      `The ramdisk needs Node 24, and this workspace has ${version}; run npm ci first.`,
    )
  }
  const { size } = await stat(real)
  return { path: real, version, fingerprint: `${version} ${size}` }
}
