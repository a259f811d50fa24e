import { type SpawnOptions, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
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
  const child = spawn(command, args, shown(env))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

/** In the repository, with its programs first on the PATH, and all output shown. */
function shown(env: NodeJS.ProcessEnv = {}): SpawnOptions {
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

/** After its report, Vitest has this long to end; a worker that does not let go is then ended with it. */
const vitestEndsWithinMs = 60_000

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
  const code = await runUntilReport('vitest', [...args, ...filters], report)
  try {
    const counts = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number> & { success: boolean }
    const isBroken = (code !== 0 || !counts.success) && !counts.numFailedTests
    const failed = (counts.numFailedTests ?? 0) + (isBroken ? 1 : 0)
    return {
      passed: counts.numPassedTests ?? 0,
      failed,
      skipped: (counts.numPendingTests ?? 0) + (counts.numTodoTests ?? 0),
    }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

/** Like `run`; but a process group that stays after it wrote its report is ended, and its report decides. */
async function runUntilReport(command: string, args: string[], report: string): Promise<number> {
  const child = spawn(command, args, { ...shown(), detached: true })
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
  const stop = (): void => endGroup(child.pid)
  process.on('exit', stop)
  const leave = (): never => process.exit(130)
  process.once('SIGINT', leave).once('SIGTERM', leave)
  let reportedAt: number | null = null
  const watch = setInterval(() => {
    if (reportedAt === null && existsSync(report)) reportedAt = Date.now()
    if (reportedAt === null || Date.now() - reportedAt < vitestEndsWithinMs) return
    clearInterval(watch)
    console.log('   The tests have ended, but a worker of theirs has not: it is ended now.')
    endGroup(child.pid)
  }, 1000)
  const code = await ended
  clearInterval(watch)
  process.off('exit', stop).off('SIGINT', leave).off('SIGTERM', leave)
  const isReported = reportedAt !== null && Date.now() - reportedAt >= vitestEndsWithinMs
  return isReported ? 0 : code
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
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
