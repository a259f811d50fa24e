import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import type { Progress } from './apt.ts'
import { BundleBuildError, run } from './host.ts'

/** Everything else the build runs comes out of the downloaded packages. */
const HOST_TOOLS: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  'apt-cache': 'apt',
  'dpkg-deb': 'dpkg',
  tar: 'tar',
  bash: 'bash',
}

/**
 * Makes sure that the few programs of the host are there, installing them when this process may.
 * @throws BundleBuildError naming what to install
 */
export async function ensureHostTools(onProgress: Progress): Promise<void> {
  const missing = Object.keys(HOST_TOOLS).filter((tool) => !isOnPath(tool))
  if (missing.length === 0) return
  const packages = [...new Set(missing.map((tool) => HOST_TOOLS[tool] ?? tool))]
  const command = `apt-get install --yes ${packages.join(' ')}`
  if (missing.includes('apt-get') || process.getuid?.() !== 0) {
    throw new BundleBuildError(`This host lacks ${missing.join(', ')}; install with: ${command}`)
  }
  onProgress(`Boot bundle: installing ${packages.join(', ')} (${command})`)
  await run('apt-get', ['install', '--yes', ...packages], { env: { DEBIAN_FRONTEND: 'noninteractive' } })
}

function isOnPath(tool: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
