import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bundleChunkBytes,
  type EdgeFetch,
  type EdgeRelease,
  edgeReleaseSchema,
  edgeReleaseType,
  type SignerKey,
  signedBundleSchema,
} from '@dragonfly/schema/wire'
import type { ControlPlane } from '../control-plane.ts'
import { verifySignature } from '../signing.ts'
import { UpdateError } from './unpack.ts'
import { versionsDir } from './versions.ts'

export interface ReleaseSource {
  dataDir: string
  controlPlane: Pick<ControlPlane, 'fetchBytes'>
  signerKeys: () => readonly SignerKey[]
}

/** How far it is; called with each piece. */
export type OnRelease = (progress: EdgeFetch) => void

/**
 * Fetches the package that the control plane holds, piece by piece, and checks signature and checksums. `wanted`: no
 * other version than this one. Gives the tarball's path. @throws UpdateError, or what the network threw
 */
export async function fetchRelease(
  source: ReleaseSource,
  wanted: string | null,
  onProgress: OnRelease,
): Promise<string> {
  const release = await fetchReleaseManifest(source)
  if (wanted !== null && release.version !== wanted)
    throw new UpdateError(`The control plane holds version ${release.version}, not ${wanted}.`)
  if (release.platform !== `${process.platform}-${process.arch}`)
    throw new UpdateError(`The control plane’s package is for ${release.platform}: update this edge by npm.`)
  await mkdir(versionsDir(source.dataDir), { recursive: true, mode: 0o700 })
  const path = join(versionsDir(source.dataDir), 'fetched.tgz')
  const output = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  const whole = createHash('sha512')
  const progress = { version: release.version, bytesDone: 0, bytesTotal: release.sizeBytes }
  onProgress({ ...progress })
  try {
    for (const chunk of release.chunks) {
      const bytes =
        (await readPiece(output, progress.bytesDone, chunk)) ??
        (await fetchPiece(source, release.version, chunk))
      whole.update(bytes)
      await output.write(bytes, 0, bytes.length, progress.bytesDone)
      progress.bytesDone += bytes.length
      onProgress({ ...progress })
    }
    await output.truncate(progress.bytesDone)
    await output.sync()
  } finally {
    await output.close()
  }
  if (`sha512-${whole.digest('base64')}` !== release.integrity)
    throw new UpdateError(`Version ${release.version} does not come to its checksum.`)
  return path
}

type Piece = EdgeRelease['chunks'][number]

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What an earlier try brought. */
async function readPiece(file: FileHandle, position: number, piece: Piece): Promise<Uint8Array | null> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(piece.sizeBytes), 0, piece.sizeBytes, position)
  return bytesRead === piece.sizeBytes && hashOf(buffer) === piece.sha256 ? buffer : null
}

async function fetchPiece(
  { controlPlane }: ReleaseSource,
  version: string,
  { sha256 }: Piece,
): Promise<Uint8Array> {
  const bytes = await controlPlane.fetchBytes(`/release/chunks/${sha256}`, bundleChunkBytes)
  if (hashOf(bytes) !== sha256) throw new UpdateError(`A piece of version ${version} arrived damaged.`)
  return bytes
}

async function fetchReleaseManifest({ controlPlane, signerKeys }: ReleaseSource): Promise<EdgeRelease> {
  const bytes = await controlPlane.fetchBytes('/release/manifest', 1024 * 1024)
  const signed = signedBundleSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  const check = await verifySignature(signed.manifest, edgeReleaseType, signerKeys())
  if (check.kind !== 'ok')
    throw new UpdateError(
      `The package’s signature is not accepted (${check.kind}): enrol the edge again, if the control plane is yours.`,
    )
  return edgeReleaseSchema.parse(check.payload)
}
