import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { buildDist, packageDir } from './build.ts'

const run = promisify(execFile)

export interface PackOptions {
  /** Where the tarballs go. */
  outDir: string
  /** Another version than package.json's. */
  version?: string
}

export interface Packed {
  version: string
  /** As `npm pack` makes it: npm fetches the native libraries. */
  plain: string
  /** Holds the native libraries for Linux on x64: `npm install --offline`, or just `tar x`. */
  offline: string
}

interface Manifest {
  name: string
  version: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  [key: string]: unknown
}

const platform = 'linux-x64'
/** The native libraries and what they load on this platform, glibc and musl. */
const natives = [
  'libsql',
  '@neon-rs/load',
  'detect-libc',
  '@libsql/linux-x64-gnu',
  '@libsql/linux-x64-musl',
  'koffi',
  '@koromix/koffi-linux-x64',
]
/** Sources of native libraries: most of their size, and of no use without a compiler. */
const leftOut = /[\\/](vendor|doc|abi)$|\.(cc|hh|inc|def|md)$/

/** Packs dragonfly-edge twice: for a registry, and for hosts that reach none. */
export async function packEdge(options: PackOptions): Promise<Packed> {
  await mkdir(options.outDir, { recursive: true })
  const work = await mkdtemp(join(tmpdir(), 'edge-package-'))
  try {
    const stage = join(work, 'package')
    const manifest = await stagePackage(stage, options)
    const packed = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', work], {
      cwd: stage,
    })
    const plain = join(options.outDir, `${manifest.name}-${manifest.version}.tgz`)
    await move(join(work, packed.stdout.trim()), plain)
    const offline = join(options.outDir, `${manifest.name}-${manifest.version}-${platform}.tgz`)
    await addNatives(stage, manifest)
    // The same bytes from the same files, whoever packs them.
    const steady = ['--sort=name', '--mtime=2000-01-01', '--owner=0', '--group=0', '--numeric-owner']
    const archive = join(work, 'offline.tgz')
    await run('tar', ['-C', work, ...steady, '-czf', archive, 'package'])
    await move(archive, offline)
    return { version: manifest.version, plain, offline }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function stagePackage(stage: string, { version }: PackOptions): Promise<Manifest> {
  const own = await readManifest(packageDir)
  const { devDependencies, scripts, ...kept } = own
  const manifest: Manifest = { ...kept, version: version ?? own.version }
  await mkdir(stage)
  await cp(join(packageDir, 'bin'), join(stage, 'bin'), { recursive: true })
  await cp(join(packageDir, '../LICENSE'), join(stage, 'LICENSE'))
  await buildDist(join(stage, 'dist'))
  await writeManifest(stage, manifest)
  return manifest
}

async function addNatives(stage: string, manifest: Manifest): Promise<void> {
  for (const name of natives) {
    const target = join(stage, 'node_modules', name)
    const from = findPackage(name)
    await cp(from, target, {
      recursive: true,
      filter: (path) => path === from || !leftOut.test(path.slice(from.length)),
    })
    const { scripts, devDependencies, ...own } = await readManifest(target)
    // What is not in here must not be asked for.
    const optional = Object.entries(own.optionalDependencies ?? {}).filter(([it]) => natives.includes(it))
    await writeManifest(target, { ...own, optionalDependencies: Object.fromEntries(optional) })
  }
  const { optionalDependencies, ...rest } = manifest
  await writeManifest(stage, {
    ...rest,
    dependencies: { ...manifest.dependencies, ...optionalDependencies },
    bundleDependencies: natives,
    os: ['linux'],
    cpu: ['x64'],
  })
}

/** Folder of an installed package, which need not export its package.json. */
function findPackage(name: string): string {
  const paths = createRequire(join(packageDir, 'package.json')).resolve.paths(name) ?? []
  const require = createRequire(import.meta.url)
  for (const path of paths) {
    try {
      return dirname(require.resolve(join(path, name, 'package.json')))
    } catch {
      // Further up.
    }
  }
  throw new Error(
    `${name} is not installed: the tarball for hosts without a registry needs it (npm ci --force).`,
  )
}

async function readManifest(directory: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Manifest
}

async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  await writeFile(join(directory, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

/** Across file systems too, and never half of it under the name. */
async function move(from: string, to: string): Promise<void> {
  await cp(from, `${to}.part`)
  await rename(`${to}.part`, to)
}
