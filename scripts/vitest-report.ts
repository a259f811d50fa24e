import { relative } from 'node:path'
import type { Tally } from './steps.ts'

/** What Vitest's JSON report says of one test file. */
export interface FileResult extends Tally {
  file: string
  /** A file can fail with no failed test: it did not load, or a hook of it threw. */
  isFailed: boolean
  failedTests: string[]
}

interface Report {
  success: boolean
  testResults: {
    name: string
    status: string
    assertionResults: { fullName: string; status: string }[]
  }[]
}

/**
 * A report as Vitest's `json` reporter writes it, with files named from `root`. Throws a SyntaxError when it was
 * cut off. `success` is false also for an error outside every file.
 */
export function parseReport(text: string, root: string): { success: boolean; files: FileResult[] } {
  const { success, testResults } = JSON.parse(text) as Report
  return { success, files: testResults.map((result) => fileResult(result, relative(root, result.name))) }
}

function fileResult({ status, assertionResults }: Report['testResults'][number], file: string): FileResult {
  const isFailed = status === 'failed'
  const failedTests = assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName)
  const passed = assertionResults.filter((test) => test.status === 'passed').length
  const skipped = assertionResults.length - passed - failedTests.length
  const failed = isFailed ? Math.max(failedTests.length, 1) : 0
  return { file, isFailed, failedTests, passed, failed, skipped }
}

/** More failed files than this are no accident of a busy computer. */
const mostFilesTriedAgain = 3

/** The files worth a second run by themselves: a few among many, never all there are. */
export function decideSecondTry(files: FileResult[]): string[] {
  const failed = files.filter((file) => file.isFailed).map(({ file }) => file)
  return failed.length <= mostFilesTriedAgain ? failed : []
}

/** The results after a second run of some files: for those, only what the second run says counts. */
export function withSecondTry(first: FileResult[], second: FileResult[]): FileResult[] {
  const again = new Map(second.map((result) => [result.file, result]))
  return first.map((result) => again.get(result.file) ?? result)
}

/** Lines that name what passed only when it was run again. */
export function renderUnsteady(first: FileResult[], second: FileResult[]): string[] {
  const passed = new Set(second.filter(({ isFailed }) => !isFailed).map(({ file }) => file))
  return first
    .filter(({ file, isFailed }) => isFailed && passed.has(file))
    .flatMap(({ file, failedTests }) =>
      failedTests.length > 0 ? failedTests.map((test) => `${file} > ${test}`) : [file],
    )
}
