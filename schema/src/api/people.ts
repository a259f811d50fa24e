import { z } from '@hono/zod-openapi'
import { apiKeyScopes, roles } from '../state/role-rules.ts'
import { epochMsSchema, idSchema } from './common.ts'
import { frontPageModeSchema } from './front-door.ts'
import { newPasskeySchema } from './passkey.ts'

export const setupViewSchema = z
  .object({
    /** True until the first administrator exists. */
    needsAdministrator: z.boolean(),
    organisation: z.string(),
    frontPage: frontPageModeSchema,
    /** What the button of the sign-in provider says; null when there is none. */
    signInProvider: z.string().nullable(),
    version: z.string(),
    /** How the boot bundle fares: machines can't netboot before it is ready. */
    bundle: z.object({
      status: z.enum(['missing', 'building', 'ready', 'failed']),
      version: z.string().nullable(),
      message: z.string().nullable(),
    }),
  })
  .openapi('Setup')

const newPasswordSchema = z.string().min(12, 'At least 12 characters, please.').max(256)
/** A password, or a passkey that was just made, or both. */
const wayInShape = { password: newPasswordSchema.optional(), passkey: newPasskeySchema.optional() }
const hasWayIn = (input: { password?: unknown; passkey?: unknown }): boolean =>
  input.password !== undefined || input.passkey !== undefined
const noWayIn = { path: ['password'], message: 'A password or a passkey is wanted.' }

const setupCodeSchema = z
  .string()
  .trim()
  .min(1, 'The server printed a code when it started: look in its terminal or its log.')
  .max(64)
const firstPersonShape = {
  /** The code that the server printed when it started. */
  code: setupCodeSchema,
  name: z.string().trim().min(1, 'What should we call you?').max(100),
  email: z.email('An e-mail address is wanted; it is your sign-in name.').max(254),
}
export const setupPasskeySchema = z.object(firstPersonShape).openapi('SetupPasskey')
export const administratorCreateSchema = z
  .object({ ...firstPersonShape, ...wayInShape })
  .refine(hasWayIn, noWayIn)
  .openapi('AdministratorCreate')

const roleSchema = z.enum(roles)
const emailSchema = z.email('An e-mail address is wanted; it is the sign-in name.').max(254)
const personNameSchema = z.string().trim().min(1, 'A name is wanted.').max(100)
/** Null: all sites. */
const siteIdsSchema = z.array(idSchema).max(1000).nullable()

export const mfaPolicies = ['nobody', 'administrators', 'everyone'] as const
export type MfaPolicy = (typeof mfaPolicies)[number]

export const meViewSchema = z
  .object({
    userId: idSchema,
    name: z.string(),
    email: z.string(),
    role: roleSchema,
    /** The sites that you are limited to; null: all. */
    siteIds: siteIdsSchema,
    mfa: z.object({
      /** An authenticator app, or a passkey, is set up. */
      enabled: z.boolean(),
      required: z.boolean(),
      /** An authenticator app is set up. */
      totp: z.boolean(),
      /** This session has seen a second factor: here, or at the sign-in provider. */
      verified: z.boolean(),
    }),
    /** False for somebody who signs in by passkey or through a provider only. */
    hasPassword: z.boolean(),
  })
  .openapi('Me')
export type MeView = z.infer<typeof meViewSchema>

export const mePatchSchema = z.object({ name: personNameSchema }).openapi('MePatch')

export const userViewSchema = z
  .object({
    userId: idSchema,
    name: z.string(),
    email: z.string(),
    role: roleSchema,
    siteIds: siteIdsSchema,
    active: z.boolean(),
    mfaEnabled: z.boolean(),
    sessionCount: z.number().int(),
    /** The newest sign of life of a session. */
    lastSeenAt: epochMsSchema.nullable(),
    createdAt: epochMsSchema,
  })
  .openapi('User')
export type UserView = z.infer<typeof userViewSchema>

export const userResetSchema = userViewSchema
  .extend({
    link: z.string().nullable().openapi({
      description:
        'For somebody without a password: where they make another way in. Works once, for a day; shown this once',
    }),
  })
  .openapi('UserReset')
export type UserReset = z.infer<typeof userResetSchema>

export const userCreateSchema = z
  .object({
    name: personNameSchema,
    email: emailSchema,
    password: z.string().min(12, 'At least 12 characters, please.').max(256),
    role: roleSchema,
    siteIds: siteIdsSchema.optional(),
  })
  .openapi('UserCreate')

export const userPatchSchema = z
  .object({
    name: personNameSchema.optional(),
    role: roleSchema.optional(),
    siteIds: siteIdsSchema.optional(),
    /** False ends their sessions and refuses their keys. */
    active: z.boolean().optional(),
  })
  .openapi('UserPatch')

export const sessionViewSchema = z
  .object({
    sessionId: idSchema,
    /** The one that asks. */
    current: z.boolean(),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    signedInAt: epochMsSchema,
    lastSeenAt: epochMsSchema,
    expiresAt: epochMsSchema,
  })
  .openapi('Session')
export type SessionView = z.infer<typeof sessionViewSchema>

export const invitationCreateSchema = z
  .object({
    email: emailSchema,
    name: personNameSchema.optional(),
    role: roleSchema,
    siteIds: siteIdsSchema.optional(),
  })
  .openapi('InvitationCreate')

export const invitationViewSchema = z
  .object({
    invitationId: idSchema,
    email: z.string(),
    name: z.string().nullable(),
    role: roleSchema,
    siteIds: siteIdsSchema,
    invitedBy: z.string(),
    createdAt: epochMsSchema,
    expiresAt: epochMsSchema,
  })
  .openapi('Invitation')
export type InvitationView = z.infer<typeof invitationViewSchema>

export const invitationCreatedSchema = invitationViewSchema
  .extend({ link: z.string().openapi({ description: 'Works once; shown this once' }) })
  .openapi('InvitationCreated')

const invitationTokenSchema = z.string().min(1).max(100)
/** The token travels in the body, so that it is in no log of addresses. */
export const invitationLookSchema = z.object({ token: invitationTokenSchema }).openapi('InvitationLook')
export const invitationOfferSchema = z
  .object({
    email: z.string(),
    name: z.string().nullable(),
    role: roleSchema,
    organisation: z.string(),
    /** The account is there already: its owner lost what they signed in with. */
    returning: z.boolean(),
  })
  .openapi('InvitationOffer')
export const invitationAcceptSchema = z
  .object({
    token: invitationTokenSchema,
    name: personNameSchema,
    ...wayInShape,
  })
  .refine(hasWayIn, noWayIn)
  .openapi('InvitationAccept')

export const recoveryCodesSchema = z.object({ codes: z.array(z.string()) }).openapi('RecoveryCodes')
export const recoverySignInSchema = z
  .object({
    email: z.string().trim().min(1).max(254),
    code: z.string().min(1).max(100),
    password: z.string().max(256).optional(),
  })
  .openapi('RecoverySignIn')

export const apiKeyViewSchema = z
  .object({
    keyId: idSchema,
    name: z.string(),
    start: z.string(),
    scopes: z.array(z.enum(apiKeyScopes)),
    createdAt: epochMsSchema,
    expiresAt: epochMsSchema.nullable(),
    lastUsedAt: epochMsSchema.nullable(),
  })
  .openapi('ApiKey')
export type ApiKeyView = z.infer<typeof apiKeyViewSchema>

export const apiKeyCreateSchema = z
  .object({
    name: personNameSchema,
    scopes: z.array(z.enum(apiKeyScopes)).min(1, 'Choose at least one thing that it may do.').max(10),
    /** Null: it does not expire. */
    expiresInDays: z.number().int().min(1).max(3650).nullable(),
  })
  .openapi('ApiKeyCreate')

export const apiKeyCreatedSchema = apiKeyViewSchema
  .extend({ key: z.string().openapi({ description: 'Shown this once' }) })
  .openapi('ApiKeyCreated')

export const peoplePolicySchema = z
  .object({
    mfaRequiredFor: z.enum(mfaPolicies),
    /** What is dangerous asks for a second factor that is not older; null: it is asked for at sign-in only. */
    stepUpMinutes: z
      .number()
      .int()
      .min(1, 'At least a minute, please.')
      .max(1440, 'At most a day, please.')
      .nullable(),
  })
  .openapi('PeoplePolicy')
export type PeoplePolicy = z.infer<typeof peoplePolicySchema>
export const peoplePolicyPatchSchema = peoplePolicySchema.partial().openapi('PeoplePolicyPatch')
export type PeoplePolicyPatch = z.infer<typeof peoplePolicyPatchSchema>
