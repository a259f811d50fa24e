import { bundleManifestSchema, edgeReleaseSchema } from '@dragonfly/schema/wire'
import { z } from 'zod'

/** Written by `platform/node/worker-assets.ts`, beside the files that it describes. */
export const assetIndexSchema = z.object({
  /** The newest migration that the program was built with, as drizzle's journal has it. */
  migration: z.object({ tag: z.string(), when: z.number() }),
  /** By path, with a slash in front. */
  files: z.record(
    z.string(),
    z.object({
      contentType: z.string(),
      /** SHA-256 of each inline script of a page, as CSP sources. */
      scriptHashes: z.array(z.string()),
    }),
  ),
  /** Its pieces lie under `bundlePiecePath`. */
  bundle: bundleManifestSchema.nullable(),
  /** Its pieces lie under `releasePiecePath`. */
  edgeRelease: edgeReleaseSchema.nullable(),
})

export type AssetIndex = z.output<typeof assetIndexSchema>

export const assetIndexPath = '/_dragonfly/index.json'

export function bundlePiecePath(sha256: string): string {
  return `/_dragonfly/bundle/${sha256}`
}

export function releasePiecePath(sha256: string): string {
  return `/_dragonfly/edge/${sha256}`
}
