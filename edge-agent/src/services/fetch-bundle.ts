import { createHash } from 'node:crypto'
import { access, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BundleFile,
  type BundleManifest,
  bundleChunkBytes,
  bundleManifestSchema,
  bundleManifestType,
  isKnownBundleFile,
  type SignerKey,
  signedBundleSchema,
} from '@dragonfly/schema/wire'
import { syncDirectory, writeFileAtomically } from '../io/atomic-file.ts'
import { askSiblings, type BundleChunk, cutFiles, hashOf } from './bundle-chunks.ts'
import type { ControlPlane } from './control-plane.ts'
import type { SiblingSource } from './siblings/siblings.ts'
import { verifySignature } from './signing.ts'

export interface BundleOrigin {
  dataDir: string
  controlPlane: ControlPlane
  signerKeys: () => readonly SignerKey[]
}

export interface HeldBundle {
  version: string
  /** It was fetched by an older edge, which did not know some of its files. */
  isLacking: boolean
}

/** The one that lies unpacked; half-unpacked ones are cleared away. */
export async function findBundle(bundles: string): Promise<HeldBundle | null> {
  let found: HeldBundle | null = null
  for (const name of await readdir(bundles)) {
    const text = await readFile(join(bundles, name, 'manifest.json'), 'utf8').catch(() => null)
    if (text === null || name.startsWith('.')) await rm(join(bundles, name), { recursive: true, force: true })
    else found = { version: name, isLacking: await isLacking(join(bundles, name), text) }
  }
  return found
}

/** One whose manifest can't be read serves as it is. */
async function isLacking(dir: string, text: string): Promise<boolean> {
  try {
    return (await findMissing(dir, bundleManifestSchema.parse(JSON.parse(text)))).length > 0
  } catch {
    return false
  }
}

/** Files of it that this edge knows, and does not have. */
async function findMissing(dir: string, { files }: BundleManifest): Promise<BundleFile[]> {
  const missing: BundleFile[] = []
  for (const file of files.filter(isKnownBundleFile)) {
    const isThere = await access(join(dir, file.name)).then(
      () => true,
      () => false,
    )
    if (!isThere) missing.push(file)
  }
  return missing
}

export interface BundleFetch {
  bundles: string
  held: HeldBundle | null
  asked: string
  /** Edges of the site that have what was asked for; else it comes from the control plane. */
  sources: readonly SiblingSource[]
  progress: { expect(bytesTotal: number): void; advance(bytes: number): void }
}

/** The signed manifest comes from the control plane, always; it says what the rest has to be. */
export async function fetchBundle(
  options: BundleOrigin,
  { bundles, held, asked, sources, progress }: BundleFetch,
): Promise<HeldBundle> {
  const manifest = await fetchManifest(options)
  const { version } = manifest
  if (version === held?.version && !held.isLacking) return held
  const target = join(bundles, version)
  const isPresent = version === held?.version
  const files = isPresent ? await findMissing(target, manifest) : manifest.files.filter(isKnownBundleFile)
  const chunkDir = join(options.dataDir, 'bundle-chunks')
  await mkdir(chunkDir, { recursive: true })
  const fromControlPlane = ({ sha256 }: BundleChunk) =>
    options.controlPlane.fetchBytes(`/bundle/chunks/${sha256}`, bundleChunkBytes)
  const fromSiblings = sources.length > 0 && version === asked
  const ask = fromSiblings ? askSiblings(sources, version) : fromControlPlane
  const chunks = cutFiles(files)
  progress.expect(chunks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  for (const chunk of chunks) {
    await fetchChunk(ask, chunkDir, chunk)
    progress.advance(chunk.sizeBytes)
  }
  const temporary = join(bundles, `.${version}`)
  await rm(temporary, { recursive: true, force: true })
  await mkdir(temporary)
  for (const file of files) await assemble(file, chunkDir, temporary)
  if (isPresent) await addFiles(files, temporary, target)
  else await putInPlace(manifest, temporary, target)
  await syncDirectory(bundles)
  await rm(chunkDir, { recursive: true, force: true })
  return { version, isLacking: false }
}

async function putInPlace(manifest: BundleManifest, temporary: string, target: string): Promise<void> {
  await writeFileAtomically(join(temporary, 'manifest.json'), JSON.stringify(manifest))
  await rm(target, { recursive: true, force: true })
  await rename(temporary, target)
}

/** Beside those that machines boot from meanwhile. */
async function addFiles(files: readonly BundleFile[], temporary: string, target: string): Promise<void> {
  for (const { name } of files) await rename(join(temporary, name), join(target, name))
  await syncDirectory(target)
  await rm(temporary, { recursive: true, force: true })
}

async function fetchManifest({ controlPlane, signerKeys }: BundleOrigin): Promise<BundleManifest> {
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
async function fetchChunk(
  ask: (chunk: BundleChunk) => Promise<Uint8Array>,
  chunkDir: string,
  chunk: BundleChunk,
): Promise<void> {
  const { sha256 } = chunk
  const path = join(chunkDir, sha256)
  const present = await readFile(path).catch(() => null)
  if (present && hashOf(present) === sha256) return
  const bytes = await ask(chunk)
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
