import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type Network, parseNetwork } from '../../addresses.ts'
import { parseSetupFile, type SetupFile } from '../../features/setup/setup-file.ts'
import { version } from '../../version.ts'
import type { ServerOptions } from './server.ts'

const environmentSchema = z.object({
  PORT: z.coerce.number('PORT is a number').int().min(0).max(65535, 'PORT is at most 65535').default(3000),
  HOST: z.string().min(1).optional(),
  DRAGONFLY_DATA: z.string().min(1).default('./.data'),
  DRAGONFLY_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'DRAGONFLY_PUBLIC_URL is an http:// or https:// address' })
    .optional(),
  DRAGONFLY_TRUSTED_PROXIES: z.string().max(2000).transform(parseProxies).optional(),
  DRAGONFLY_METRICS_TOKEN: z
    .string()
    .min(16, 'DRAGONFLY_METRICS_TOKEN has at least 16 characters')
    .optional(),
  DRAGONFLY_STOP_SECONDS: z.coerce
    .number('DRAGONFLY_STOP_SECONDS is a number')
    .min(0)
    .max(600, 'DRAGONFLY_STOP_SECONDS is at most 600')
    .default(8),
  DRAGONFLY_BUNDLE_DIR: z.string().min(1).optional(),
  DRAGONFLY_EDGE_PACKAGES_DIR: z.string().min(1).optional(),
  DRAGONFLY_ADMIN_EMAIL: z.email('DRAGONFLY_ADMIN_EMAIL is an e-mail address').optional(),
  DRAGONFLY_SETUP_FILE: z.string().min(1).optional(),
  DRAGONFLY_SETUP: z.string().min(1).optional(),
  DRAGONFLY_ADMIN_PASSWORD: z
    .string()
    .min(12, 'DRAGONFLY_ADMIN_PASSWORD has at least 12 characters')
    .optional(),
})

/** Options of a server from the environment; what is given by hand comes first. Throws a sentence. */
export function readServerOptions(
  environment: NodeJS.ProcessEnv,
  flags: {
    port?: string | undefined
    host?: string | undefined
    data?: string | undefined
    'public-url'?: string | undefined
  } = {},
): ServerOptions {
  const given = {
    ...withoutEmpty(environment),
    ...(flags.port === undefined ? {} : { PORT: flags.port }),
    ...(flags.host === undefined ? {} : { HOST: flags.host }),
    ...(flags.data === undefined ? {} : { DRAGONFLY_DATA: flags.data }),
    ...(flags['public-url'] === undefined ? {} : { DRAGONFLY_PUBLIC_URL: flags['public-url'] }),
  }
  const parsed = environmentSchema.safeParse(given)
  if (!parsed.success) throw new UsageError(parsed.error.issues[0]?.message ?? 'the settings are wrong')
  const { DRAGONFLY_ADMIN_EMAIL: email, DRAGONFLY_ADMIN_PASSWORD: password, ...rest } = parsed.data
  if ((email === undefined) !== (password === undefined)) {
    throw new UsageError('DRAGONFLY_ADMIN_EMAIL and DRAGONFLY_ADMIN_PASSWORD go together')
  }
  return {
    port: rest.PORT,
    host: rest.HOST,
    dataDir: rest.DRAGONFLY_DATA,
    bundleDir: rest.DRAGONFLY_BUNDLE_DIR ?? fromRoot('build/bundle'),
    packagesDir: rest.DRAGONFLY_EDGE_PACKAGES_DIR ?? fromRoot('build/packages'),
    siteDir: fromRoot('site/dist'),
    publicUrl: rest.DRAGONFLY_PUBLIC_URL,
    trustedProxies: rest.DRAGONFLY_TRUSTED_PROXIES,
    metricsToken: rest.DRAGONFLY_METRICS_TOKEN,
    administrator: email && password ? { email, password } : undefined,
    stopWithinMs: rest.DRAGONFLY_STOP_SECONDS * 1000,
    setupFile: readSetupFile(rest.DRAGONFLY_SETUP_FILE, rest.DRAGONFLY_SETUP),
  }
}

function readSetupFile(path: string | undefined, text: string | undefined): SetupFile | undefined {
  if (path === undefined && text === undefined) return undefined
  if (path !== undefined && text !== undefined)
    throw new UsageError('DRAGONFLY_SETUP_FILE or DRAGONFLY_SETUP, not both')
  const name = path ?? 'DRAGONFLY_SETUP'
  const parsed = parseSetupFile(text ?? readText(name))
  if (parsed.ok) return parsed.value
  throw new UsageError(parsed.problems.map(({ message }) => `${name} ${message}`).join('\n'))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`DRAGONFLY_SETUP_FILE can't be read: ${(error as Error).message}`)
  }
}

/** Networks, separated by commas or spaces. */
function parseProxies(text: string, context: z.RefinementCtx): Network[] {
  return text
    .split(/[\s,]+/)
    .filter(Boolean)
    .flatMap((entry) => {
      const network = parseNetwork(entry)
      if (network) return network
      const message = `DRAGONFLY_TRUSTED_PROXIES holds "${entry}", which is neither an address nor a network`
      context.addIssue({ code: 'custom', message })
      return []
    })
}

/** The data folder alone: a command that works on it needs no other setting to be right. */
export function readDataDir(flags: { data?: string | undefined }, environment = process.env): string {
  return flags.data || environment.DRAGONFLY_DATA || './.data'
}

export class UsageError extends Error {}

function withoutEmpty(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
}

function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../../../../${path}`, import.meta.url))
}

/** What a person is told when the server is up. */
export function renderGreeting(server: { url: string; setupCode: string | null }): string {
  const lines = [`Dragonfly ${version} is at ${server.url}`]
  if (server.setupCode) {
    lines.push(`First administrator: open ${server.url} and enter the code ${server.setupCode}`)
  }
  return lines.join('\n')
}
