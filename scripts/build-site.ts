import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, runQuietly } from './steps.ts'

const sources = [
  'site/src',
  'site/public',
  'site/package.json',
  'site/astro.config.mjs',
  'site/astro.config.ts',
  'schema/src/state',
  'package-lock.json',
]

function filesBelow(path: string): string[] {
  const full = join(root, path)
  if (!existsSync(full)) return []
  if (!statSync(full).isDirectory()) return [path]
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
}

function contentKey(): string {
  const hash = createHash('sha256')
  for (const file of sources.flatMap(filesBelow)) {
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0')
  }
  return hash.digest('hex')
}

/** Builds the portal into site/dist, unless what is there was built from these very files. */
export async function buildSite(): Promise<void> {
  const keyFile = join(root, 'build/site.key')
  const key = contentKey()
  if (
    existsSync(join(root, 'site/dist/index.html')) &&
    existsSync(keyFile) &&
    readFileSync(keyFile, 'utf8') === key
  )
    return
  console.error('Building the portal ...')
  const build = await runQuietly('npm', ['run', '--silent', '-w', 'site', 'build'], {
    ASTRO_TELEMETRY_DISABLED: '1',
  })
  if (build.code !== 0) throw new Error(`The portal did not build:\n${build.output}`)
  mkdirSync(join(root, 'build'), { recursive: true })
  writeFileSync(keyFile, key)
}
