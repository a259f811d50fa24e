import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

export interface Tally {
  passed: number
  failed: number
  skipped: number
}

/** Runs a command in the repository with its output shown; resolves to its exit code (1 when killed). */
export function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`, ...env },
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

/** Runs a command without showing what it prints, and returns that. */
export function runQuietly(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; output: string }> {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`, ...env },
  })
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

/** Runs a Vitest project and counts its tests; a run that ends without a report counts as one failure. */
export async function vitest(project: string, filters: string[] = []): Promise<Tally> {
  console.log(`\n── tests: ${project}`)
  const report = join(root, 'build', `vitest-${project}.json`)
  mkdirSync(dirname(report), { recursive: true })
  rmSync(report, { force: true })
  const args = [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  const code = await run('vitest', [...args, ...filters])
  try {
    const counts = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>
    const failed = (counts.numFailedTests ?? 0) + (code !== 0 && !counts.numFailedTests ? 1 : 0)
    return {
      passed: counts.numPassedTests ?? 0,
      failed,
      skipped: (counts.numPendingTests ?? 0) + (counts.numTodoTests ?? 0),
    }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

export function add(tallies: Tally[]): Tally {
  return tallies.reduce(
    (sum, tally) => ({
      passed: sum.passed + tally.passed,
      failed: sum.failed + tally.failed,
      skipped: sum.skipped + tally.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  )
}

/** Prints the closing line and leaves with 1 when anything failed, or nothing ran. */
export function finish(tally: Tally): never {
  console.log(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`)
  process.exit(tally.failed > 0 || tally.passed === 0 ? 1 : 0)
}
