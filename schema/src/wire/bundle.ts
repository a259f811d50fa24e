import { z } from 'zod'
import { epochMsSchema, sha256Schema, sizeBytesSchema } from './common.ts'

/** Boot bundle files travel in pieces of this many bytes; the last one of a file is shorter. */
export const bundleChunkBytes = 4 * 1024 * 1024

export const bundleFileNames = [
  'vmlinuz',
  'initrd.img',
  'undionly.kpxe',
  'snponly.efi',
  'ipxe.efi',
  'local-x64.efi',
  // The way of machines with Secure Boot: shim, Debian's signed GRUB, and what that does for the local disk.
  'shimx64.efi',
  'grubx64.efi',
  'local-boot.cfg',
] as const

/**
 * A newer bundle may have files that this program does not know: they are passed over (`isKnownBundleFile`). A name is
 * never a path, and never that of the manifest beside the files.
 */
const bundleFileNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i)
  .refine((name) => name !== 'manifest.json')

export const bundleFileSchema = z.object({
  name: bundleFileNameSchema,
  sizeBytes: sizeBytesSchema,
  sha256: sha256Schema,
  chunks: z.array(z.object({ sha256: sha256Schema, sizeBytes: sizeBytesSchema.max(bundleChunkBytes) })),
})

/** What a boot bundle holds. The control plane signs it (JWS, the manifest as payload) for its edges. */
export const bundleManifestSchema = z.object({
  format: z.literal(1),
  /** First twelve hex digits of a hash over the files' hashes. */
  version: z.string().regex(/^[0-9a-f]{12}$/),
  createdAt: epochMsSchema,
  files: z.array(bundleFileSchema).min(1).max(64),
})

/** A package of dragonfly-edge that the control plane holds for its edges; it signs this (JWS, this as payload). */
export const edgeReleaseSchema = z.object({
  format: z.literal(1),
  version: z.string().max(64),
  /** Node's platform and architecture: `linux-x64`. */
  platform: z.string().max(64),
  sizeBytes: sizeBytesSchema,
  /** Of the whole tarball, as npm writes it: `sha512-<base64>`. */
  integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/),
  chunks: z
    .array(z.object({ sha256: sha256Schema, sizeBytes: sizeBytesSchema.max(bundleChunkBytes) }))
    .max(256),
})
export type EdgeRelease = z.infer<typeof edgeReleaseSchema>
/** GET /api/edge/v1/release/manifest: compact JWS of this type, payload EdgeRelease. */
export const edgeReleaseType = 'dragonfly-edge-release+jwt'

export type BundleManifest = z.infer<typeof bundleManifestSchema>
export type BundleFile = z.infer<typeof bundleFileSchema>
export type BundleFileName = (typeof bundleFileNames)[number]

export function isKnownBundleFile({ name }: Pick<BundleFile, 'name'>): boolean {
  return bundleFileNames.some((known) => known === name)
}
