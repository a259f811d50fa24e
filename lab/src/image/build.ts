import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand, tryCommand } from '../command.ts'
import { ensureHostPackages, hostPackages, requireRoot } from '../host-packages.ts'
import { buildDir } from '../paths.ts'
import { assembleImage } from './assemble.ts'

const filesDir = fileURLToPath(new URL('./files', import.meta.url))
const cacheDir = join(buildDir, 'cache', 'lab-image')
const suite = 'bookworm'

const lightPackages = [
  ...['usr-is-merged', 'systemd', 'systemd-sysv', 'udev', 'kmod', 'openssh-server', 'sudo'],
  ...['iproute2', 'iputils-ping', 'netbase', 'procps', 'e2fsprogs', 'fdisk', 'ca-certificates'],
]
const cloudInitPackages = [...lightPackages, 'cloud-init', 'netplan.io', 'dbus', 'systemd-resolved']

/**
 * `light`: Debian's cloud kernel, for virtio and NVMe. `generic`: the full kernel, for AHCI and Intel NICs as
 * well. Both read the NoCloud seed with a small stand-in; `cloud-init` has the real package on the full
 * kernel, a slower first boot and a larger image.
 */
export const imageVariants = ['light', 'generic', 'cloud-init'] as const
export type ImageVariant = (typeof imageVariants)[number]

export interface BuiltImage {
  /** The raw disk image. */
  path: string
  sha256: string
  sizeBytes: number
}

function packagesOf(variant: ImageVariant): string[] {
  return variant === 'cloud-init' ? cloudInitPackages : lightPackages
}

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** Versions that this host's package lists offer: when they move, a cached image is old. */
async function offeredVersions(packages: readonly string[]): Promise<string> {
  const kernels = ['linux-image-amd64', 'linux-image-cloud-amd64']
  const result = await tryCommand(['apt-cache', 'madison', ...kernels, ...packages]).catch(() => undefined)
  return result?.stdout ?? ''
}

async function cacheKey(variant: ImageVariant): Promise<string> {
  const hash = createHash('sha256')
  const ownDir = fileURLToPath(new URL('.', import.meta.url))
  const sources = ['build.ts', 'assemble.ts', 'disk-layout.ts'].map((name) => join(ownDir, name))
  for (const path of [...sources, ...(await filesBelow(filesDir))])
    hash.update(relative(ownDir, path)).update(await readFile(path))
  const packages = packagesOf(variant)
  hash.update([variant, ...packages].join(' ')).update(await offeredVersions(packages))
  return hash.digest('hex').slice(0, 16)
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(part as Buffer)
  return hash.digest('hex')
}

async function bootstrapRoot(variant: ImageVariant, rootDir: string): Promise<void> {
  const excluded = ['doc', 'man', 'locale', 'info'].map(
    (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
  )
  await runCommand(
    [
      'mmdebstrap',
      ...['--mode=root', '--variant=essential', '--format=directory', '--quiet'],
      `--include=${packagesOf(variant).join(',')}`,
      '--aptopt=Apt::Install-Recommends "false"',
      ...excluded,
      `--customize-hook=${shellQuote(join(filesDir, 'customize.sh'))} "$1"`,
      ...[suite, rootDir],
    ],
    {
      env: {
        ...process.env,
        FILES_DIR: filesDir,
        CLOUD_INIT: variant === 'cloud-init' ? '1' : '',
        KERNEL: variant === 'light' ? 'cloud' : 'generic',
      },
      showProgress: true,
    },
  )
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

async function buildImage(variant: ImageVariant, path: string): Promise<void> {
  // mmdebstrap's own apt works unprivileged, so the directory must be one that others can enter.
  const workDir = await mkdtemp(join('/var/tmp', 'dragonfly-image-'))
  try {
    process.stderr.write(`lab: building a Debian ${suite} image (about a minute; kept under build/cache)\n`)
    const rootDir = join(workDir, 'root')
    await bootstrapRoot(variant, rootDir)
    await assembleImage(rootDir, join(workDir, 'image.raw'), workDir, variant === 'cloud-init' ? 900 : 400)
    const part = join(dirname(path), `${basename(workDir)}.part`)
    await runCommand(['cp', '--sparse=always', join(workDir, 'image.raw'), part])
    await writeFile(`${path}.sha256`, `${await sha256Of(part)}\n`)
    await rename(part, path)
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

async function removeOldImages(variant: ImageVariant, current: string): Promise<void> {
  for (const file of await readdir(cacheDir)) {
    const isOld = file.startsWith(`debian-12-${variant}-`) && !file.startsWith(current)
    if (isOld) await rm(join(cacheDir, file), { force: true })
  }
}

const ensured = new Map<ImageVariant, Promise<BuiltImage>>()

/**
 * Returns the rack's small operating system image, building it when the cache has none that is current. Looks once
 * in a process: package lists that change meanwhile must not make two images out of one.
 */
export function ensureImage(variant: ImageVariant = 'light'): Promise<BuiltImage> {
  const known = ensured.get(variant)
  if (known !== undefined) return known
  const image = findOrBuildImage(variant)
  ensured.set(variant, image)
  return image
}

async function findOrBuildImage(variant: ImageVariant): Promise<BuiltImage> {
  const name = `debian-12-${variant}-${await cacheKey(variant)}.raw`
  const path = join(cacheDir, name)
  const isCached = await stat(path).then(
    () => true,
    () => false,
  )
  if (!isCached) {
    requireRoot()
    await ensureHostPackages(hostPackages.image)
    await mkdir(cacheDir, { recursive: true })
    await buildImage(variant, path)
    await removeOldImages(variant, name)
  }
  const sha256 = (await readFile(`${path}.sha256`, 'utf8')).trim()
  return { path, sha256, sizeBytes: (await stat(path)).size }
}
