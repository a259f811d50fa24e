import { spawn } from 'node:child_process'

export interface CommandOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Text for the command's standard input; none by default. */
  input?: string
  timeoutMs?: number
  /** Lets the command's stderr through to ours as well, for commands whose progress is worth seeing. */
  showProgress?: boolean
}

export interface CommandResult {
  exitCode: number
  stdout: string
  stderr: string
}

/** Runs a command to its end and says how it went; a non-zero exit is a value, not an exception. */
export function tryCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [file = '', ...args] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      timeout: options.timeoutMs,
      stdio: 'pipe',
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (part: Buffer) => stdout.push(part))
    child.stderr.on('data', (part: Buffer) => {
      stderr.push(part)
      if (options.showProgress) process.stderr.write(part)
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const exitCode = code ?? 128
      const said = Buffer.concat(stderr).toString()
      resolve({
        exitCode,
        stdout: Buffer.concat(stdout).toString(),
        stderr: signal ? `${said}[ended by ${signal}]` : said,
      })
    })
  })
}

/** Runs a command to its end and returns its stdout; throws with its stderr when it fails. */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await tryCommand(argv, options)
  if (result.exitCode !== 0) {
    const said = result.stderr.trim() || result.stdout.trim()
    throw new Error(`"${argv.join(' ')}" failed with exit code ${result.exitCode}: ${said}`)
  }
  return result.stdout
}
