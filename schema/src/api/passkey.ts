import { z } from '@hono/zod-openapi'
import { epochMsSchema, idSchema } from './common.ts'

const bytesSchema = z.string().max(20_000)
const shortBytesSchema = z.string().max(2000)
const extensionResultsSchema = z.record(z.string(), z.unknown()).default({})

/** RegistrationResponseJSON (WebAuthn level 3, section 5.1): what `credential.toJSON()` gives; bytes are base64url. */
export const newPasskeySchema = z
  .object({
    id: shortBytesSchema,
    rawId: shortBytesSchema,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: bytesSchema,
      attestationObject: bytesSchema,
      transports: z.array(z.string().max(30)).max(10).default([]),
    }),
    clientExtensionResults: extensionResultsSchema,
  })
  .openapi('NewPasskey')
export type NewPasskeyJson = z.infer<typeof newPasskeySchema>

/** AuthenticationResponseJSON. */
export const passkeyProofSchema = z
  .object({
    id: shortBytesSchema,
    rawId: shortBytesSchema,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: bytesSchema,
      authenticatorData: bytesSchema,
      signature: bytesSchema,
      userHandle: shortBytesSchema.nullish(),
    }),
    clientExtensionResults: extensionResultsSchema,
  })
  .openapi('PasskeyProof')
export type PasskeyProof = z.infer<typeof passkeyProofSchema>

/** Handed to `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` as it is. */
export const passkeyOptionsSchema = z.record(z.string(), z.unknown()).openapi('PasskeyOptions')

const passkeyNameSchema = z.string().trim().min(1, 'A name is wanted.').max(100)

export const passkeyBeginSchema = z
  .object({
    /** Asked for from somebody who has a password, and no second factor yet. */
    password: z.string().max(256).optional(),
  })
  .openapi('PasskeyBegin')
export const passkeyCreateSchema = z
  .object({ name: passkeyNameSchema, passkey: newPasskeySchema })
  .openapi('PasskeyCreate')
export const passkeyPatchSchema = z.object({ name: passkeyNameSchema }).openapi('PasskeyPatch')
export const passkeyProofInputSchema = z.object({ passkey: passkeyProofSchema }).openapi('PasskeyProofInput')

export const passkeyViewSchema = z
  .object({
    passkeyId: idSchema,
    name: z.string(),
    /** Whether the other devices of its owner have it, too. */
    synced: z.boolean(),
    createdAt: epochMsSchema,
    lastUsedAt: epochMsSchema.nullable(),
  })
  .openapi('Passkey')
export type PasskeyView = z.infer<typeof passkeyViewSchema>
