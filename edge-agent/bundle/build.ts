import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type BundleManifest, bundleManifestSchema } from '@dragonfly/schema/wire'
import { createAgentArchive } from './agent-archive.ts'
import { PrivateApt, type Progress, type Resolution } from './apt.ts'
import { type BootFile, createBootPrograms } from './boot-programs.ts'
import { INITRD_BUDGET_BYTES, SUPPORTED_SUITES } from './contents.ts'
import { concatenate, padding } from './cpio.ts'
import { BundleBuildError, detectSuite } from './host.ts'
import { ensureHostTools } from './host-tools.ts'
import { withLock } from './lock.ts'
import { createManifest, describeFile } from './manifest.ts'
import { findNode } from './node-binary.ts'
import { PackageTree } from './package-tree.ts'
import { createBaseArchive } from './ramdisk.ts'

export { BundleBuildError } from './host.ts'

const REPOSITORY = resolve(import.meta.dirname, '../..')
const DEFAULT_OUT_DIR = join(REPOSITORY, 'build/bundle')
const DEFAULT_CACHE_DIR = join(REPOSITORY, 'build/cache')
const DEFAULT_AGENT = join(REPOSITORY, 'edge-agent/src/ramdisk/main.ts')
/** Files of this folder that do not change what the base holds. */
const NOT_IN_BASE = /(\.test\.ts|^(build|main|manifest|agent-archive|lock)\.ts)$/

export type BuildOptions = {
  outDir?: string
  cacheDir?: string
  /** The ramdisk agent's entry point. */
  agentEntry?: string
  /** Debian suite; the host's own by default. */
  suite?: string
  /** Ask the mirror for newer packages even when it was asked within the last day. */
  refresh?: boolean
  onProgress?: Progress
}

export type BuildResult = { manifest: BundleManifest; cached: boolean }

/**
 * Builds the boot bundle into `outDir`, or finds it already there and current.
 * @throws BundleBuildError with one sentence for the person who started it
 */
export async function buildBundle(options: BuildOptions = {}): Promise<BundleManifest> {
  return (await buildBundleWithResult(options)).manifest
}

/** As `buildBundle`, also telling whether anything had to be written. */
export async function buildBundleWithResult(options: BuildOptions = {}): Promise<BuildResult> {
  const outDir = resolve(options.outDir ?? DEFAULT_OUT_DIR)
  const cacheDir = resolve(options.cacheDir ?? DEFAULT_CACHE_DIR)
  const onProgress = options.onProgress ?? (() => undefined)
  const agentEntry = resolve(options.agentEntry ?? DEFAULT_AGENT)
  if (!existsSync(agentEntry)) throw new BundleBuildError(`The ramdisk agent is missing: ${agentEntry}.`)
  const hostSuite = await detectSuite(SUPPORTED_SUITES)
  const suite = options.suite ?? hostSuite
  await mkdir(cacheDir, { recursive: true })
  return withLock(join(cacheDir, 'lock'), onProgress, async () => {
    await ensureHostTools(onProgress)
    const apt = new PrivateApt(join(cacheDir, `apt-${suite}`), suite, hostSuite)
    const resolution = await apt.resolve({ refresh: options.refresh ?? false, onProgress })
    const baseDir = await ensureBase({ apt, resolution, cacheDir, onProgress })
    const files = await assemble(baseDir, agentEntry)
    return writeBundle(outDir, files, onProgress)
  })
}

type BaseInputs = { apt: PrivateApt; resolution: Resolution; cacheDir: string; onProgress: Progress }

/** The slow part, kept under a key of everything that goes into it. */
async function ensureBase({ apt, resolution, cacheDir, onProgress }: BaseInputs): Promise<string> {
  const node = await findNode()
  const key = await baseKey(resolution, node.fingerprint)
  const baseDir = join(cacheDir, `base-${key}`)
  if (existsSync(baseDir)) return baseDir
  await removeLeftovers(cacheDir, /^(base|work)-/)
  const packageFiles = await apt.download(resolution, onProgress)
  const workDir = join(cacheDir, `work-${process.pid}`)
  try {
    await mkdir(join(workDir, 'tree'), { recursive: true })
    await mkdir(join(workDir, 'base'))
    onProgress(`Boot bundle: unpacking ${packageFiles.length} packages`)
    const tree = await PackageTree.unpack(join(workDir, 'tree'), packageFiles)
    const { kernelVersion } = resolution
    onProgress(`Boot bundle: putting the ramdisk together (kernel ${kernelVersion}, Node ${node.version})`)
    const archive = await createBaseArchive({ tree, kernelVersion, nodePath: node.path, workDir, onProgress })
    await writeFile(join(workDir, 'base/initrd.img'), archive)
    await writeFile(join(workDir, 'base/vmlinuz'), await tree.read(`boot/vmlinuz-${kernelVersion}`))
    for (const file of await createBootPrograms(tree, workDir))
      await writeFile(join(workDir, 'base', file.name), file.data)
    await rename(join(workDir, 'base'), baseDir)
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
  return baseDir
}

async function baseKey(resolution: Resolution, nodeFingerprint: string): Promise<string> {
  const hash = createHash('sha256').update(nodeFingerprint)
  hash.update(JSON.stringify(resolution.packages.map((item) => item.fileName)))
  for (const folder of [import.meta.dirname, join(import.meta.dirname, 'rootfs')]) {
    for (const name of (await readdir(folder)).sort()) {
      if (NOT_IN_BASE.test(name) || !(await stat(join(folder, name))).isFile()) continue
      hash.update(name).update(await readFile(join(folder, name)))
    }
  }
  return hash.digest('hex').slice(0, 16)
}

async function assemble(baseDir: string, agentEntry: string): Promise<BootFile[]> {
  const agent = await createAgentArchive(agentEntry)
  const files: BootFile[] = []
  for (const name of (await readdir(baseDir)).sort()) {
    const data = await readFile(join(baseDir, name))
    files.push({
      name,
      data: name === 'initrd.img' ? concatenate([data, padding(data.length), agent]) : data,
    })
  }
  const initrd = files.find((file) => file.name === 'initrd.img')
  if (initrd && initrd.data.length > INITRD_BUDGET_BYTES) {
    throw new BundleBuildError(
      `The ramdisk is ${mib(initrd.data.length)} MiB, over its budget of ${mib(INITRD_BUDGET_BYTES)} MiB; take something out of contents.ts, or raise the budget there on purpose.`,
    )
  }
  return files
}

async function writeBundle(
  outDir: string,
  files: readonly BootFile[],
  onProgress: Progress,
): Promise<BuildResult> {
  const manifest = createManifest(
    files.map((file) => describeFile(file.name, file.data)),
    Date.now(),
  )
  const present = await readPresent(outDir, manifest)
  if (present) return { manifest: present, cached: true }
  const parent = dirname(outDir)
  await mkdir(parent, { recursive: true })
  const name = basename(outDir)
  await removeLeftovers(parent, new RegExp(`^\\.${name.replace(/[^\w-]/g, '.')}-(new|old)-`))
  const fresh = join(parent, `.${name}-new-${process.pid}`)
  const old = join(parent, `.${name}-old-${process.pid}`)
  await mkdir(fresh)
  for (const file of files) await writeFile(join(fresh, file.name), file.data)
  await writeFile(join(fresh, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  if (existsSync(outDir)) await rename(outDir, old)
  await rename(fresh, outDir)
  await rm(old, { recursive: true, force: true })
  const initrd = files.find((file) => file.name === 'initrd.img')?.data.length ?? 0
  onProgress(`Boot bundle: ${outDir} is ready (version ${manifest.version}, ramdisk ${mib(initrd)} MiB)`)
  return { manifest, cached: false }
}

/** The manifest in place, when every file it lists is there with the right bytes. */
async function readPresent(outDir: string, wanted: BundleManifest): Promise<BundleManifest | null> {
  try {
    const present = bundleManifestSchema.parse(
      JSON.parse(await readFile(join(outDir, 'manifest.json'), 'utf8')),
    )
    if (present.version !== wanted.version) return null
    for (const file of wanted.files) {
      const hash = createHash('sha256').update(await readFile(join(outDir, file.name)))
      if (hash.digest('hex') !== file.sha256) return null
    }
    return { ...wanted, createdAt: present.createdAt }
  } catch {
    return null
  }
}

/** Old caches and what an interrupted build left behind; the caller holds the lock. */
async function removeLeftovers(directory: string, pattern: RegExp): Promise<void> {
  for (const name of await readdir(directory)) {
    if (pattern.test(name)) await rm(join(directory, name), { recursive: true, force: true })
  }
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1)
}
