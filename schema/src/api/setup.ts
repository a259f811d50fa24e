import { z } from '@hono/zod-openapi'
import { setupStepIds } from '../state/setup-steps.ts'
import { epochMsSchema, idSchema } from './common.ts'

export const setupProgressSchema = z
  .object({
    steps: z.array(z.object({ step: z.enum(setupStepIds), status: z.enum(['open', 'done', 'skipped']) })),
    /** Somebody said that the set-up is over. */
    dismissed: z.boolean(),
  })
  .openapi('SetupProgress')

export const setupProgressPatchSchema = z
  .object({
    step: z.object({ step: z.enum(setupStepIds), status: z.enum(['open', 'done', 'skipped']) }).optional(),
    dismissed: z.boolean().optional(),
  })
  .openapi('SetupProgressPatch')

export const organisationSchema = z
  .object({ name: z.string().trim().min(1, 'The organisation needs a name.').max(100) })
  .openapi('Organisation')

export const sshKeyViewSchema = z
  .object({
    keyId: idSchema,
    publicKey: z.string(),
    comment: z.string(),
    /** As `ssh-keygen -l` shows it. */
    fingerprint: z.string(),
    /** `github:ada`, `gitlab:ada`, or null when it was pasted. */
    source: z.string().nullable(),
    createdAt: epochMsSchema,
  })
  .openapi('SshKey')
export type SshKeyView = z.infer<typeof sshKeyViewSchema>

const keyHosts = ['github', 'gitlab'] as const
/** Either pasted, or published by an account. */
export const sshKeysAddSchema = z
  .object({
    text: z.string().max(200_000).optional(),
    account: z.object({ host: z.enum(keyHosts), name: z.string().trim().min(1).max(255) }).optional(),
  })
  .openapi('SshKeysAdd')
export type SshKeysAdd = z.infer<typeof sshKeysAddSchema>
