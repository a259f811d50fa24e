import { createHash } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bundleChunkBytes,
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

/**
 * Fetches the package that the control plane holds, piece by piece, and checks signature and checksums. `wanted`: no
 * other version than this one. Gives the tarball's path. @throws UpdateError, or what the network threw
 */
export async function fetchRelease(source: ReleaseSource, wanted: string | null): Promise<string> {
  const release = await fetchReleaseManifest(source)
  if (wanted !== null && release.version !== wanted)
    throw new UpdateError(`The control plane holds version ${release.version}, not ${wanted}.`)
  if (release.platform !== `${process.platform}-${process.arch}`)
    throw new UpdateError(`The control plane’s package is for ${release.platform}: update this edge by npm.`)
  await mkdir(versionsDir(source.dataDir), { recursive: true, mode: 0o700 })
  const path = join(versionsDir(source.dataDir), 'fetched.tgz')
  const output = await open(path, 'w', 0o600)
  const whole = createHash('sha512')
  try {
    for (const { sha256 } of release.chunks) {
      const bytes = await source.controlPlane.fetchBytes(`/release/chunks/${sha256}`, bundleChunkBytes)
      if (createHash('sha256').update(bytes).digest('hex') !== sha256)
        throw new UpdateError(`A piece of version ${release.version} arrived damaged.`)
      whole.update(bytes)
      await output.write(bytes)
    }
    await output.sync()
  } finally {
    await output.close()
  }
  if (`sha512-${whole.digest('base64')}` !== release.integrity)
    throw new UpdateError(`Version ${release.version} does not come to its checksum.`)
  return path
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
