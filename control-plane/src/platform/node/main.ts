#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { version } from '../../version.ts'
import { type ServerOptions, startServer } from './server.ts'

const usage = `dragonfly ${version}: the control plane

  dragonfly serve [--port N] [--host ADDRESS] [--data FOLDER] [--public-url URL]

  PORT                       port to listen on (3000)
  HOST                       address to listen on (all)
  DRAGONFLY_DATA             folder of the database and keys (./.data)
  DRAGONFLY_PUBLIC_URL       where people and edges reach this server (http://localhost:PORT)
  DRAGONFLY_BUNDLE_DIR       folder of the boot bundle (build/bundle)
  DRAGONFLY_ADMIN_EMAIL      with DRAGONFLY_ADMIN_PASSWORD: creates the first administrator at the start

  Demo mode (no command, or --demo) is not built yet.`

const environmentSchema = z.object({
  PORT: z.coerce.number('PORT is a number').int().min(0).max(65535, 'PORT is at most 65535').default(3000),
  HOST: z.string().min(1).optional(),
  DRAGONFLY_DATA: z.string().min(1).default('./.data'),
  DRAGONFLY_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'DRAGONFLY_PUBLIC_URL is an http:// or https:// address' })
    .optional(),
  DRAGONFLY_BUNDLE_DIR: z.string().min(1).optional(),
  DRAGONFLY_ADMIN_EMAIL: z.email('DRAGONFLY_ADMIN_EMAIL is an e-mail address').optional(),
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
    siteDir: fromRoot('site/dist'),
    publicUrl: rest.DRAGONFLY_PUBLIC_URL,
    administrator: email && password ? { email, password } : undefined,
  }
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

async function main(argv: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      data: { type: 'string' },
      'public-url': { type: 'string' },
      demo: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
    },
  })
  if (values.version) return console.log(version)
  const [command, ...more] = positionals
  if (values.help || values.demo || command === undefined) return console.log(usage)
  if (command !== 'serve' || more.length > 0)
    throw new UsageError(`unknown command "${positionals.join(' ')}"`)
  const server = await startServer(readServerOptions(process.env, values))
  console.log(renderGreeting(server))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.close().then(
        () => process.exit(0),
        () => process.exit(1),
      )
    })
  }
}

/** Bad input on the command line: one line, exit code 2. */
function explain(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS')) {
    console.error(`dragonfly: ${message} (try dragonfly --help)`)
    process.exitCode = 2
  } else if (code === 'EADDRINUSE') {
    console.error('dragonfly: the port is taken by another program: set PORT to another one')
    process.exitCode = 1
  } else {
    console.error('dragonfly: could not start:', error)
    process.exitCode = 1
  }
}

if (import.meta.main) main(process.argv.slice(2)).catch(explain)
