import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { add, root, shown, type Tally } from './steps.ts'
import {
  decideSecondTry,
  type FileResult,
  parseReport,
  renderUnsteady,
  withSecondTry,
} from './vitest-report.ts'

/** After its report, Vitest has this long to end; a worker that does not let go is then ended with it. */
const endsWithinMs = 60_000

/**
 * Runs a Vitest project and counts its tests; a run that ends without a report counts as one failure.
 *
 * Four thousand tests with real processes share one computer with each other. A few files that fail are run once
 * more by themselves, and what that run says counts; what passed only then is named at the end of all tests.
 */
export async function vitest(project: string, filters: string[] = []): Promise<Tally> {
  console.log(`\n── tests: ${project}`)
  const first = await runFiles(project, filters)
  const again = first.isWhole ? decideSecondTry(first.files) : []
  if (again.length === 0) return count(first)
  console.log(`\n── tests: ${project}, once more by themselves:\n   ${again.join('\n   ')}`)
  const second = await runFiles(project, [...again, '--no-file-parallelism'])
  const counted = count({ files: withSecondTry(first.files, second.files), isWhole: second.isWhole })
  return { ...counted, unsteady: renderUnsteady(first.files, second.files) }
}

interface FilesRun {
  files: FileResult[]
  /** Whether every failure is one of a file: a report was written, and there was no error outside the tests. */
  isWhole: boolean
}

function count({ files, isWhole }: FilesRun): Tally {
  return add([...files, { passed: 0, failed: isWhole ? 0 : 1, skipped: 0 }])
}

async function runFiles(project: string, filters: string[]): Promise<FilesRun> {
  const report = join(root, 'build', `vitest-${project}.json`)
  mkdirSync(dirname(report), { recursive: true })
  rmSync(report, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await runUntilReport('vitest', ['run', '--project', project, ...reporters, ...filters], report)
  try {
    const { success, files } = parseReport(readFileSync(report, 'utf8'), root)
    return { files, isWhole: (code === 0 && success) || files.some(({ isFailed }) => isFailed) }
  } catch {
    return { files: [], isWhole: false }
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
    if (reportedAt === null || Date.now() - reportedAt < endsWithinMs) return
    clearInterval(watch)
    console.log('   The tests have ended, but a worker of theirs has not: it is ended now.')
    endGroup(child.pid)
  }, 1000)
  const code = await ended
  clearInterval(watch)
  process.off('exit', stop).off('SIGINT', leave).off('SIGTERM', leave)
  const isReported = reportedAt !== null && Date.now() - reportedAt >= endsWithinMs
  return isReported ? 0 : code
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
