#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072 NODE_COMPILE_CACHE=${HOME}/.cache/dragonfly node --max-semi-space-size=4 --heap-growing-percent=20
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { version } from '../../version.ts'
import { scryptHasher } from '../password-hasher.ts'
import { runAdministrator } from './administrator-command.ts'
import { runAllowlist } from './allowlist-command.ts'
import { runBackup, runMarkRestored, runRestore } from './backup/commands.ts'
import { BackupError } from './backup/format.ts'
import { DataFolderError } from './data-folder.ts'
import { NewerDatabaseError } from './database.ts'
import { createProcessLog } from './log.ts'
import { runMigrate } from './migrate-command.ts'
import { readServerOptions, UsageError } from './options.ts'
import { complain, say } from './say.ts'
import { runSigningKey } from './signing-key-command.ts'

const usage = `dragonfly ${version}: the control plane

  dragonfly serve [--port N] [--host ADDRESS] [--data FOLDER] [--public-url URL]
  dragonfly allowlist show|clear [--data FOLDER]
                             who may reach the panel; \`clear\` lets everybody in again, also while it runs

  dragonfly backup [FILE]    copies database and keys into one file, also while the server runs
  dragonfly restore FILE     puts a backup in their place, while it does not run; the old ones are kept
                             (both: --passphrase-file FILE encrypts it; docs/operations.md)

  dragonfly signing-key show|replace [--stolen]
                             the key that orders to edges are signed with: docs/secrets.md

  dragonfly administrator reset-factors EMAIL
                             for an administrator who lost passkeys, codes and password: a link to make new ones

  dragonfly mark-restored    after the database of a hosted control plane was taken back to an earlier time
  dragonfly migrate          brings the database of a hosted control plane up to date: docs/hosting.md
                             (DRAGONFLY_DATABASE_URL, DRAGONFLY_DATABASE_TOKEN)

  dragonfly hash-password    makes of a password on standard input what a set-up file takes

  PORT                       port to listen on (3000)
  HOST                       address to listen on (all)
  DRAGONFLY_DATA             folder of the database and keys (./.data)
  DRAGONFLY_PUBLIC_URL       where people and edges reach this server (http://localhost:PORT)
  DRAGONFLY_TRUSTED_PROXIES  proxies in front whose X-Forwarded-For is believed: 10.0.0.2, 192.0.2.0/24
  DRAGONFLY_LOG_LEVEL        debug, info, warn or error (info); DRAGONFLY_LOG_FORMAT: json or text
  DRAGONFLY_STOP_SECONDS     what it is asked for may still take when it is to stop (8)
  DRAGONFLY_METRICS_TOKEN    opens /metrics to \`Authorization: Bearer TOKEN\`
  DRAGONFLY_BUNDLE_DIR       folder of the boot bundle (build/bundle)
  DRAGONFLY_SETUP_FILE       sets the server up without a browser: docs/setup.md (DRAGONFLY_SETUP: the text itself)
  DRAGONFLY_ADMIN_EMAIL      with DRAGONFLY_ADMIN_PASSWORD: creates the first administrator at the start

  Demo mode (no command, or --demo) is not built yet.`

async function main(argv: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      data: { type: 'string' },
      'public-url': { type: 'string' },
      'passphrase-file': { type: 'string' },
      stolen: { type: 'boolean' },
      demo: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
    },
  })
  if (values.version) return say(version)
  const [command, ...more] = positionals
  if (values.help || values.demo || command === undefined) return say(usage)
  if (command === 'allowlist') return runAllowlist(more, values)
  if (command === 'backup') return runBackup(more, values)
  if (command === 'restore') return runRestore(more, values)
  if (command === 'mark-restored') return runMarkRestored(more, process.env)
  if (command === 'administrator') return runAdministrator(more, values)
  if (command === 'signing-key') return runSigningKey(more, values)
  if (command === 'migrate') return runMigrate(more, process.env)
  if (command === 'hash-password') return hashPassword(more)
  if (command !== 'serve' || more.length > 0)
    throw new UsageError(`unknown command "${positionals.join(' ')}"`)
  // Only now: the other commands do without most of the program.
  const { serve } = await import('./serve.ts')
  await serve(readServerOptions(process.env, values))
}

async function hashPassword(more: readonly string[]): Promise<void> {
  if (more.length > 0) throw new UsageError('hash-password reads the password from standard input')
  if (process.stdin.isTTY) complain('The password, then Ctrl-D:')
  const password = (await text(process.stdin)).replace(/\r?\n$/, '')
  if (password.length < 12) throw new UsageError('a password has at least 12 characters')
  say(await scryptHasher.hash(password))
}

function isExpected(error: unknown): boolean {
  return [BackupError, DataFolderError, NewerDatabaseError].some((kind) => error instanceof kind)
}

/** Bad input on the command line: one line, exit code 2. */
function explain(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS')) {
    complain(`dragonfly: ${message} (try dragonfly --help)`)
    process.exitCode = 2
  } else if (isExpected(error)) {
    complain(`dragonfly: ${message}`)
    process.exitCode = 1
  } else if (code === 'ENOSPC') {
    complain('dragonfly: the disk is full: nothing was changed; free some space, and try again')
    process.exitCode = 1
  } else if (code === 'EADDRINUSE') {
    complain('dragonfly: the port is taken by another program: set PORT to another one')
    process.exitCode = 1
  } else {
    createProcessLog().error('could not start', { error })
    process.exitCode = 1
  }
}

if (import.meta.main) main(process.argv.slice(2)).catch(explain)
