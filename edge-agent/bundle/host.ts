import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** The bundle cannot be built. The message is one sentence for the person who ran the build. */
export class BundleBuildError extends Error {
  override name = 'BundleBuildError'
  /** 3 when this host can never build a bundle, 1 for everything else. */
  readonly exitCode: 1 | 3

  constructor(message: string, options: { exitCode?: 1 | 3; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.exitCode = options.exitCode ?? 1
  }
}

export type RunOptions = {
  cwd?: string
  input?: Uint8Array
  env?: Record<string, string>
  signal?: AbortSignal
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/**
 * Runs a program and returns what it wrote to stdout.
 * @throws BundleBuildError naming the program and its last words when it fails or is missing
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: {
        PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`,
        LC_ALL: 'C',
        ...proxyVariables(),
        ...options.env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const stdout: Buffer[] = []
    let stdoutBytes = 0
    let stderr = ''
    child.stdout.on('data', (part: Buffer) => {
      stdoutBytes += part.length
      if (stdoutBytes <= MAX_OUTPUT_BYTES) stdout.push(part)
    })
    child.stderr.on('data', (part: Buffer) => {
      stderr = (stderr + part.toString('utf8')).slice(-4000)
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input)
    child.on('error', (cause) => {
      reject(new BundleBuildError(`${command} could not be started (${cause.message}).`, { cause }))
    })
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(stdout))
      else reject(new BundleBuildError(`${command} ended with ${signal ?? code}: ${lastWords(stderr)}`))
    })
  })
}

function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  return lines.slice(-3).join(' / ') || 'it said nothing.'
}

function proxyVariables(): Record<string, string> {
  const names = [
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'APT_CONFIG',
    'HOME',
  ]
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** `KEY=value` lines of os-release(5), quotes removed. */
export function parseOsRelease(text: string): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const match = /^([A-Z_]+)=["']?(.*?)["']?$/.exec(line.trim())
    if (match?.[1] !== undefined) fields[match[1]] = match[2] ?? ''
  }
  return fields
}

/**
 * The Debian suite of this host.
 * @throws BundleBuildError (exit code 3) on anything but a supported Debian on x86-64
 */
export async function detectSuite(supported: readonly string[]): Promise<string> {
  const where = 'Build it on a Debian machine or in a Debian container and copy build/bundle here.'
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new BundleBuildError(
      `The boot bundle is made from Debian packages, which needs Linux on x86-64; this is ${process.platform} on ${process.arch}. ${where}`,
      { exitCode: 3 },
    )
  }
  const release = parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''))
  const suite = release.VERSION_CODENAME ?? ''
  if (release.ID !== 'debian' || !supported.includes(suite)) {
    const name = release.PRETTY_NAME ?? 'an unknown system'
    throw new BundleBuildError(
      `The boot bundle is made from Debian packages (${supported.join(' or ')}); this host runs ${name}. ${where}`,
      { exitCode: 3 },
    )
  }
  return suite
}
