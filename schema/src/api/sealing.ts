import { z } from '@hono/zod-openapi'
import { publicJwkSchema } from '../wire/keys.ts'
import { sealedExportSchema } from '../wire/sealed-export.ts'
import { sealingJwkSchema } from '../wire/sealing.ts'
import { epochMsSchema, idSchema } from './common.ts'

/** A P-256 public key; more than that (a private half) is refused. */
const publicHalfSchema = sealingJwkSchema.strict()

export const sealingKeysViewSchema = z
  .object({
    siteId: idSchema,
    /** Edges that are not revoked. */
    edges: z.array(
      z.object({
        edgeId: idSchema,
        hostname: z.string(),
        /** RFC 7638 thumbprint of `publicKey`: what a person compared. */
        fingerprint: z.string(),
        publicKey: publicJwkSchema,
        /** JWS over its sealing key, by `publicKey`; null while it has told none. */
        sealingKey: z.string().nullable(),
      }),
    ),
    recoveryKey: z.object({ kid: z.string(), jwk: publicHalfSchema }).nullable(),
  })
  .openapi('SealingKeys')
export type SealingKeysView = z.infer<typeof sealingKeysViewSchema>

export const recoveryKeyViewSchema = z
  .object({
    recoveryKey: z.object({ kid: z.string(), createdAt: epochMsSchema, createdBy: z.string() }).nullable(),
  })
  .openapi('RecoveryKey')
export type RecoveryKeyView = z.infer<typeof recoveryKeyViewSchema>

export const recoveryKeyInputSchema = z
  .object({
    publicKey: publicHalfSchema,
    /** `kid` of the key that it replaces; null where there is none. */
    replaces: z.string().max(64).nullable(),
  })
  .openapi('RecoveryKeyInput')
export type RecoveryKeyInput = z.infer<typeof recoveryKeyInputSchema>

const passwordSchema = z.object({ machineId: idSchema, name: z.string(), address: z.string() })

export const edgePasswordsViewSchema = z
  .object({
    edgeId: idSchema,
    /** It told a key to which passwords can be sealed. */
    hasKey: z.boolean(),
    /** Passwords of its site's BMCs that it can't open. */
    closed: z.number().int(),
    /** That it opens with a key that it has replaced. */
    outdated: z.number().int(),
    /** Of both: on their way to it. */
    sharing: z.number().int(),
    /** Of `closed`: no edge of the site can open them. */
    lost: z.array(passwordSchema),
    /** That it can read, or could before they were sealed anew: it may know them until others are entered. */
    known: z.array(passwordSchema),
  })
  .openapi('EdgePasswords')
export type EdgePasswordsView = z.infer<typeof edgePasswordsViewSchema>

export const sharingInputSchema = z
  .object({
    /** As `dragonfly-edge status` shows it on the edge itself. */
    fingerprint: z.string().max(64),
  })
  .openapi('SharingInput')

export const sharingViewSchema = z
  .object({
    /** Passwords that edges are asked to seal anew. */
    asked: z.number().int(),
    /** No edge of the site can open these: they have to be entered again. */
    lost: z.number().int(),
  })
  .openapi('Sharing')
export type SharingView = z.infer<typeof sharingViewSchema>

export const sealedExportViewSchema = z.object(sealedExportSchema.shape).openapi('SealedExport')
export type SealedExport = z.infer<typeof sealedExportViewSchema>
