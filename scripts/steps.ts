import { type SpawnOptions, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

export interface Tally {
  passed: number
  failed: number
  skipped: number
  /** What failed, and passed when it was run again by itself. */
  unsteady?: string[]
}

/** Runs a command in the repository with its output shown; resolves to its exit code (1 when killed). */
export function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = spawn(command, args, shown(env))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

/** In the repository, with its programs first on the PATH, and all output shown. */
export function shown(env: NodeJS.ProcessEnv = {}): SpawnOptions {
  return { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: withPrograms(env) }
}

function withPrograms(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`, ...env }
}

/** Runs a command without showing what it prints, and returns that. */
export function runQuietly(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; output: string }> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: withPrograms(env) })
  let output = ''
  const keep = (part: Buffer): void => {
    output = (output + part.toString()).slice(-100_000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** A step that passes or fails as a whole, counted as one. */
export async function step(title: string, command: string, args: string[]): Promise<Tally> {
  const started = Date.now()
  console.log(`\n── ${title}`)
  const code = await run(command, args)
  console.log(`   ${code === 0 ? 'passed' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(1)} s`)
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

export function add(tallies: Tally[]): Tally {
  return tallies.reduce(
    (sum, tally) => ({
      passed: sum.passed + tally.passed,
      failed: sum.failed + tally.failed,
      skipped: sum.skipped + tally.skipped,
      unsteady: [...(sum.unsteady ?? []), ...(tally.unsteady ?? [])],
    }),
    { passed: 0, failed: 0, skipped: 0 },
  )
}

/** Prints what was unsteady and the closing line, and leaves with 1 when anything failed, or nothing ran. */
export function finish(tally: Tally): never {
  const unsteady = tally.unsteady ?? []
  if (unsteady.length > 0)
    console.log('\nUnsteady: failed among the others, passed when run again. Mend these:')
  for (const test of unsteady) console.log(`   ${test}`)
  console.log(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`)
  process.exit(tally.failed > 0 || tally.passed === 0 ? 1 : 0)
}
