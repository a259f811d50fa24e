import { z } from '@hono/zod-openapi'
import { idSchema } from './common.ts'

export const setupViewSchema = z
  .object({
    /** True until the first administrator exists. */
    needsAdministrator: z.boolean(),
    organisation: z.string(),
    version: z.string(),
    /** How the boot bundle fares: machines can't netboot before it is ready. */
    bundle: z.object({
      status: z.enum(['missing', 'building', 'ready', 'failed']),
      version: z.string().nullable(),
      message: z.string().nullable(),
    }),
  })
  .openapi('Setup')

export const administratorCreateSchema = z
  .object({
    /** The code that the server printed when it started. */
    code: z
      .string()
      .trim()
      .min(1, 'The server printed a code when it started: look in its terminal or its log.')
      .max(64),
    name: z.string().trim().min(1, 'What should we call you?').max(100),
    email: z.email('An e-mail address is wanted; it is your sign-in name.').max(254),
    password: z.string().min(12, 'At least 12 characters, please.').max(256),
  })
  .openapi('AdministratorCreate')

export const meViewSchema = z
  .object({
    userId: idSchema,
    name: z.string(),
    email: z.string(),
    role: z.enum(['administrator', 'user', 'viewer']),
  })
  .openapi('Me')
