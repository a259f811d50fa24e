import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type AptSource,
  chooseSources,
  keyringPath,
  parseDeb822Sources,
  parseOneLineSources,
  renderSources,
} from './apt-sources.ts'
import { COMPONENTS, KERNEL_META_PACKAGE, PACKAGES, UNNEEDED_PACKAGES } from './contents.ts'
import { BundleBuildError, run } from './host.ts'

/** One package file as apt names it; `fileName` has the version, so it is also the cache key. */
export type AptPackage = { name: string; fileName: string; sizeBytes: number; uri: string }
export type Resolution = { kernelVersion: string; packages: AptPackage[] }
export type Progress = (line: string) => void

const LISTS_FRESH_MS = 24 * 3_600_000

/** Parses `apt-get install --print-uris`: lines of `'URI' FILENAME SIZE HASH`. */
export function parsePrintUris(text: string): AptPackage[] {
  const packages: AptPackage[] = []
  for (const line of text.split('\n')) {
    const match = /^'([^']+)' (\S+\.deb) (\d+)/.exec(line)
    if (!match) continue
    const [, uri = '', fileName = '', size = '0'] = match
    const name = fileName.split('_')[0] ?? fileName
    packages.push({ name, fileName, sizeBytes: Number(size), uri })
  }
  return packages
}

/** The versioned kernel package in the output of `apt-cache depends linux-image-amd64`. */
export function parseKernelPackage(text: string): string | null {
  const match = /Depends:\s+(linux-image-\d\S*-amd64)\s*$/m.exec(text)
  return match?.[1] ?? null
}

/** An apt of our own: sources, lists and archives below `dir`; the host's package state is neither read nor changed. */
export class PrivateApt {
  readonly #dir: string
  readonly #suite: string
  readonly #hostSuite: string

  constructor(dir: string, suite: string, hostSuite: string) {
    this.#dir = dir
    this.#suite = suite
    this.#hostSuite = hostSuite
  }

  /**
   * The exact packages to use. Asks the mirror at most once a day (or when `refresh`); offline, an older answer serves.
   * @throws BundleBuildError when there is neither a mirror nor an older answer
   */
  async resolve(options: { refresh: boolean; onProgress: Progress }): Promise<Resolution> {
    const sources = await this.#writeSources()
    const key = createHash('sha256')
      .update(JSON.stringify([sources, PACKAGES, COMPONENTS]))
      .digest('hex')
    const file = join(this.#dir, 'resolution.json')
    const stored = await readStored(file)
    const usable = stored?.key === key ? stored : null
    const isFresh = usable !== null && Date.now() - usable.resolvedAt < LISTS_FRESH_MS
    if (usable && isFresh && !options.refresh) return usable.resolution
    options.onProgress('Boot bundle: asking the Debian mirror for current package versions')
    try {
      await this.#apt('apt-get', ['update', '--error-on=any'])
      const resolution = await this.#resolveNow()
      await writeAtomic(file, JSON.stringify({ key, resolvedAt: Date.now(), resolution }))
      return resolution
    } catch (cause) {
      if (!usable) throw cause
      options.onProgress(
        'Boot bundle: the Debian mirror does not answer; keeping the package versions of last time',
      )
      return usable.resolution
    }
  }

  /** Downloads what is missing (apt checks signatures and hashes) and returns the path of every package file. */
  async download(resolution: Resolution, onProgress: Progress): Promise<string[]> {
    const archives = join(this.#dir, 'archives')
    await mkdir(archives, { recursive: true })
    const missing: AptPackage[] = []
    for (const item of resolution.packages) {
      const size = await stat(join(archives, item.fileName)).then(
        (found) => found.size,
        () => -1,
      )
      if (size !== item.sizeBytes) missing.push(item)
    }
    if (missing.length > 0) {
      const bytes = missing.reduce((sum, item) => sum + item.sizeBytes, 0)
      onProgress(`Boot bundle: downloading ${missing.length} packages (${Math.ceil(bytes / 1e6)} MB)`)
      const exact = missing.map((item) => `${item.name}=${versionOf(item.fileName)}`)
      await this.#apt('apt-get', ['download', ...exact], archives)
    }
    return resolution.packages.map((item) => join(archives, item.fileName))
  }

  async #resolveNow(): Promise<Resolution> {
    const depends = (await this.#apt('apt-cache', ['depends', KERNEL_META_PACKAGE])).toString('utf8')
    const kernel = parseKernelPackage(depends)
    if (kernel === null) {
      throw new BundleBuildError(
        `${KERNEL_META_PACKAGE} of ${this.#suite} names no kernel package; is the mirror complete?`,
      )
    }
    const args = ['install', '--print-uris', '--yes', '--no-install-recommends', kernel, ...PACKAGES]
    const all = parsePrintUris((await this.#apt('apt-get', args)).toString('utf8'))
    const packages = all.filter((item) => !UNNEEDED_PACKAGES.some((pattern) => pattern.test(item.name)))
    return { kernelVersion: kernel.replace(/^linux-image-/, ''), packages }
  }

  async #writeSources(): Promise<string> {
    for (const part of ['state/lists/partial', 'cache/archives/partial', 'etc/preferences.d']) {
      await mkdir(join(this.#dir, part), { recursive: true })
    }
    await writeFile(join(this.#dir, 'state/status'), '')
    const chosen = chooseSources(await readHostSources(), this.#suite, this.#hostSuite)
    const text = renderSources(chosen, COMPONENTS, existsSync(keyringPath))
    await writeFile(join(this.#dir, 'etc/debian.sources'), text)
    return text
  }

  #apt(command: string, args: readonly string[], cwd?: string): Promise<Buffer> {
    const options: Record<string, string> = {
      'Dir::State': join(this.#dir, 'state'),
      'Dir::State::status': join(this.#dir, 'state/status'),
      'Dir::Cache': join(this.#dir, 'cache'),
      'Dir::Etc::sourcelist': join(this.#dir, 'etc/debian.sources'),
      'Dir::Etc::sourceparts': '-',
      'Dir::Etc::preferences': '-',
      'Dir::Etc::preferencesparts': join(this.#dir, 'etc/preferences.d'),
      'APT::Architecture': 'amd64',
      'APT::Architectures': 'amd64',
      'APT::Sandbox::User': '',
      'APT::Update::Post-Invoke-Success::': '',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '3',
      'Debug::NoLocking': 'true',
    }
    const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    return run(command, ['-q', ...flags, ...args], cwd === undefined ? {} : { cwd })
  }
}

/** `apt` writes the `:` of an epoch as `%3a` in file names. */
function versionOf(fileName: string): string {
  return decodeURIComponent(fileName.split('_')[1] ?? '')
}

async function readHostSources(): Promise<AptSource[]> {
  const sources = parseOneLineSources(await readFile('/etc/apt/sources.list', 'utf8').catch(() => ''))
  const parts = '/etc/apt/sources.list.d'
  for (const name of (await readdir(parts).catch(() => [])).sort()) {
    const text = await readFile(join(parts, name), 'utf8').catch(() => '')
    if (name.endsWith('.list')) sources.push(...parseOneLineSources(text))
    if (name.endsWith('.sources')) sources.push(...parseDeb822Sources(text))
  }
  return sources
}

type Stored = { key: string; resolvedAt: number; resolution: Resolution }

async function readStored(file: string): Promise<Stored | null> {
  try {
    const stored = JSON.parse(await readFile(file, 'utf8')) as Partial<Stored>
    const ok = typeof stored.key === 'string' && typeof stored.resolvedAt === 'number' && stored.resolution
    return ok ? (stored as Stored) : null
  } catch {
    return null
  }
}

/** Writes beside the target and renames, so that no reader sees half a file. */
async function writeAtomic(file: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${file}.tmp-${process.pid}`
  await writeFile(temporary, data)
  await rename(temporary, file).catch(async (cause: unknown) => {
    await rm(temporary, { force: true })
    throw cause
  })
}
