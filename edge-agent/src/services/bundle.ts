import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BundleManifest,
  bundleChunkBytes,
  bundleManifestSchema,
  bundleManifestType,
  type SignerKey,
  type SiteEvent,
  signedBundleSchema,
} from '@dragonfly/schema/wire'
import { syncDirectory, writeFileAtomically } from '../io/atomic-file.ts'
import { backoff } from '../protocol/backoff.ts'
import { type ControlPlane, describeError } from './control-plane.ts'
import { verifySignature } from './signing.ts'

export interface BundleStoreOptions {
  /** Holds `bundles/<version>/` and, while one is fetched, `bundle-chunks/`. */
  dataDir: string
  controlPlane: ControlPlane
  signerKeys: () => readonly SignerKey[]
  append: (event: SiteEvent) => Promise<void>
  /** Another bundle is in place: the boot responder has to hear of it before the old one goes. */
  onChange: () => Promise<void>
  random: () => number
  /** First and longest wait before another try. */
  retryMs?: { first: number; longest: number }
}

/** The boot bundle on this edge's disk: kernel, ramdisk and boot loaders, checked piece by piece. */
export interface BundleStore {
  want(version: string | null): void
  current(): { dir: string; ready: boolean; version: string | null }
  stop(): void
}

export async function openBundleStore(options: BundleStoreOptions): Promise<BundleStore> {
  const bundles = join(options.dataDir, 'bundles')
  await mkdir(bundles, { recursive: true })
  let held = await findBundle(bundles)
  let wanted: string | null = held
  let told: string | null = null
  let busy = false
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  let waits = newWaits(options)

  const fetchWanted = async (): Promise<void> => {
    while (wanted !== null && wanted !== held && !stopped) {
      const previous = held
      const asked = wanted
      held = await fetchBundle(options, bundles, held)
      // The control plane may have a newer one than the state said; the next state says so too.
      if (wanted === asked) wanted = held
      if (previous === held) continue
      await options.append({ type: 'bundle.ready', version: held })
      await options.onChange()
      if (previous) await rm(join(bundles, previous), { recursive: true, force: true })
    }
  }
  const work = async (): Promise<void> => {
    if (busy || stopped) return
    busy = true
    try {
      await fetchWanted()
      waits = newWaits(options)
      told = null
    } catch (error) {
      if (stopped) return
      const message = `The boot bundle could not be fetched: ${describeError(error)}.`.slice(0, 2000)
      if (message !== told && wanted)
        await options.append({ type: 'bundle.failed', version: wanted, message })
      told = message
      timer = setTimeout(() => void work(), waits.next().value)
    } finally {
      busy = false
    }
  }
  return {
    want: (version) => {
      if (version === null || version === wanted) return
      wanted = version
      if (timer) clearTimeout(timer)
      void work()
    },
    current: () => ({ dir: join(bundles, held ?? 'none'), ready: held !== null, version: held }),
    stop: () => {
      stopped = true
      if (timer) clearTimeout(timer)
    },
  }
}

const newWaits = ({ retryMs, random }: BundleStoreOptions) =>
  backoff(retryMs?.first ?? 2000, retryMs?.longest ?? 60_000, random)

/** The version that lies unpacked; half-unpacked ones are cleared away. */
async function findBundle(bundles: string): Promise<string | null> {
  let found: string | null = null
  for (const name of await readdir(bundles)) {
    const whole = await readFile(join(bundles, name, 'manifest.json')).then(
      () => true,
      () => false,
    )
    if (whole && !name.startsWith('.')) found = name
    else await rm(join(bundles, name), { recursive: true, force: true })
  }
  return found
}

async function fetchBundle(
  options: BundleStoreOptions,
  bundles: string,
  held: string | null,
): Promise<string> {
  const manifest = await fetchManifest(options)
  if (manifest.version === held) return held
  const chunkDir = join(options.dataDir, 'bundle-chunks')
  await mkdir(chunkDir, { recursive: true })
  for (const chunk of manifest.files.flatMap((file) => file.chunks)) {
    await fetchChunk(options.controlPlane, chunkDir, chunk.sha256)
  }
  const temporary = join(bundles, `.${manifest.version}`)
  await rm(temporary, { recursive: true, force: true })
  await mkdir(temporary)
  for (const file of manifest.files) await assemble(file, chunkDir, temporary)
  await writeFileAtomically(join(temporary, 'manifest.json'), JSON.stringify(manifest))
  const target = join(bundles, manifest.version)
  await rm(target, { recursive: true, force: true })
  await rename(temporary, target)
  await syncDirectory(bundles)
  await rm(chunkDir, { recursive: true, force: true })
  return manifest.version
}

async function fetchManifest({ controlPlane, signerKeys }: BundleStoreOptions): Promise<BundleManifest> {
  const bytes = await controlPlane.fetchBytes('/bundle/manifest', 5 * 1024 * 1024)
  const signed = signedBundleSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  const check = await verifySignature(signed.manifest, bundleManifestType, signerKeys())
  if (check.kind !== 'ok')
    throw new Error(
      `its signature is not accepted (${check.kind}): enrol the edge again, if the control plane is yours`,
    )
  const manifest = bundleManifestSchema.parse(check.payload)
  if (manifest.version !== signed.version) throw new Error('its manifest is that of another version')
  return manifest
}

/** Chunks that an earlier try brought are kept. */
async function fetchChunk(controlPlane: ControlPlane, chunkDir: string, sha256: string): Promise<void> {
  const path = join(chunkDir, sha256)
  const present = await readFile(path).catch(() => null)
  if (present && hashOf(present) === sha256) return
  const bytes = await controlPlane.fetchBytes(`/bundle/chunks/${sha256}`, bundleChunkBytes)
  if (hashOf(bytes) !== sha256) throw new Error(`chunk ${sha256.slice(0, 12)} arrived damaged`)
  await writeFileAtomically(path, bytes)
}

async function assemble(
  file: BundleManifest['files'][number],
  chunkDir: string,
  directory: string,
): Promise<void> {
  const hash = createHash('sha256')
  const output = await open(join(directory, file.name), 'wx')
  try {
    for (const chunk of file.chunks) {
      const bytes = await readFile(join(chunkDir, chunk.sha256))
      hash.update(bytes)
      await output.write(bytes)
    }
    await output.sync()
  } finally {
    await output.close()
  }
  if (hash.digest('hex') !== file.sha256) throw new Error(`${file.name} does not come to its checksum`)
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
