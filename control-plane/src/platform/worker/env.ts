import { z } from 'zod'
import type { ObjectBindings } from './objects/bindings.ts'

/** What wrangler.toml binds, and what is set as secrets: docs/hosting.md says what each is for. */
export interface WorkerEnv extends ObjectBindings {
  ASSETS: Pick<Fetcher, 'fetch'>
  /** Files that people upload; a Worker does without. */
  FILES?: R2Bucket
  DRAGONFLY_PUBLIC_URL?: string
  DRAGONFLY_DATABASE_URL?: string
  DRAGONFLY_DATABASE_TOKEN?: string
  DRAGONFLY_SECRETS_KEY?: string
  DRAGONFLY_SETUP_CODE?: string
  DRAGONFLY_METRICS_TOKEN?: string
  /** `debug`, `info`, `warn` or `error`; and `json` or `text`. */
  DRAGONFLY_LOG_LEVEL?: string
  DRAGONFLY_LOG_FORMAT?: string
  /** Set by `npm run dev:worker` only: nothing in front of this Worker vouches for CF-Connecting-IP. */
  DRAGONFLY_LOCAL?: string
}

const settingsSchema = z.object({
  DRAGONFLY_PUBLIC_URL: z.url({ protocol: /^https?$/, error: 'DRAGONFLY_PUBLIC_URL is an https:// address' }),
  DRAGONFLY_DATABASE_URL: z
    .string('DRAGONFLY_DATABASE_URL is missing')
    .regex(/^(libsql|https?):\/\/\S+$/, 'DRAGONFLY_DATABASE_URL is a libsql:// or https:// address'),
  DRAGONFLY_DATABASE_TOKEN: z.string().min(1).optional(),
  DRAGONFLY_SECRETS_KEY: z
    .string('DRAGONFLY_SECRETS_KEY is missing')
    .trim()
    .regex(
      /^[A-Za-z0-9+/]{43}=$/,
      'DRAGONFLY_SECRETS_KEY is 32 random bytes in base64: `openssl rand -base64 32`',
    )
    .transform((text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))),
  DRAGONFLY_SETUP_CODE: z
    .string()
    .transform((text) => text.toUpperCase().replaceAll(/[^A-Z0-9]/g, ''))
    .pipe(z.string().min(8, 'DRAGONFLY_SETUP_CODE has at least 8 letters and digits'))
    .optional(),
  DRAGONFLY_METRICS_TOKEN: z
    .string()
    .min(16, 'DRAGONFLY_METRICS_TOKEN has at least 16 characters')
    .optional(),
})

export type WorkerSettings = z.output<typeof settingsSchema>

/** The Worker was deployed without something that it needs; the message says what, and holds no secret. */
export class MisconfiguredError extends Error {}

/** Throws a MisconfiguredError. */
export function readWorkerSettings(env: WorkerEnv): WorkerSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = settingsSchema.safeParse(given)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ message }) => message)
  throw new MisconfiguredError(`${problems.join('; ')} (\`wrangler secret put NAME\`; see docs/hosting.md)`)
}
