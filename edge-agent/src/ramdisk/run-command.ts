import { spawn } from 'node:child_process'

export interface CommandResult {
  /** Exit code; null when it was killed or could not be started. */
  code: number | null
  stdout: string
  stderr: string
}

interface CommandOptions {
  timeoutMs?: number
  signal?: AbortSignal
}

/** Runs a program to its end. Never rejects: a program that is not there is a result with `code` null. */
export type RunCommand = (command: readonly string[], options?: CommandOptions) => Promise<CommandResult>

const maxOutputBytes = 4 * 1024 * 1024

export const runCommand: RunCommand = (command, options = {}) =>
  new Promise((resolve) => {
    const [file, ...args] = command
    if (!file) return resolve({ code: null, stdout: '', stderr: 'no command was given' })
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 10_000,
      killSignal: 'SIGKILL',
      ...(options.signal ? { signal: options.signal } : {}),
    })
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    child.once('error', (error) => resolve({ code: null, stdout: stdout(), stderr: error.message }))
    child.once('close', (code) => resolve({ code, stdout: stdout(), stderr: stderr() }))
  })

function collect(stream: NodeJS.ReadableStream): () => string {
  const pieces: Buffer[] = []
  let size = 0
  stream.on('data', (piece: Buffer) => {
    if (size < maxOutputBytes) pieces.push(piece)
    size += piece.length
  })
  return () => Buffer.concat(pieces).toString('utf8')
}

/** Why a command failed, for a log: its last words, else its exit code. */
export function describeCommandFailure(result: CommandResult): string {
  const lastLine = result.stderr.trim().split('\n').at(-1)?.trim()
  if (lastLine) return lastLine.slice(0, 300)
  return result.code === null ? 'it was stopped, or took too long' : `it ended with exit code ${result.code}`
}
