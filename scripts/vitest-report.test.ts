import { expect, it } from 'vitest'
import { decideSecondTry, parseReport, renderUnsteady, withSecondTry } from './vitest-report.ts'

const test = (fullName: string, status: string) => ({ fullName, status })

function report(...files: [name: string, status: string, tests: { fullName: string; status: string }[]][]) {
  const testResults = files.map(([name, status, assertionResults]) => ({ name, status, assertionResults }))
  return JSON.stringify({ success: files.every(([, status]) => status === 'passed'), testResults })
}

const steady: Parameters<typeof report>[0] = [
  '/r/a.test.ts',
  'passed',
  [test('a', 'passed'), test('b', 'pending')],
]

it('counts a report by its files', () => {
  const text = report(steady, ['/r/b.test.ts', 'failed', [test('c', 'failed'), test('d', 'passed')]])
  const { success, files } = parseReport(text, '/r')
  expect(success).toBe(false)
  expect(files).toMatchObject([
    { file: 'a.test.ts', isFailed: false, passed: 1, failed: 0, skipped: 1 },
    { file: 'b.test.ts', isFailed: true, passed: 1, failed: 1, skipped: 0, failedTests: ['c'] },
  ])
})

it('counts a file that did not load as one failure', () => {
  const { files } = parseReport(report(['/r/b.test.ts', 'failed', []]), '/r')
  expect(files).toMatchObject([{ passed: 0, failed: 1, skipped: 0 }])
})

it('tries a few failed files again, and believes many', () => {
  const failing = (count: number) =>
    parseReport(
      report(
        ...Array.from({ length: count }, (_, n) => [`/r/${n}.test.ts`, 'failed', []] as [string, string, []]),
      ),
      '/r',
    ).files
  expect(decideSecondTry(failing(3))).toEqual(['0.test.ts', '1.test.ts', '2.test.ts'])
  expect(decideSecondTry(failing(4))).toEqual([])
})

it('lets the second run decide, and names what passed only then', () => {
  const failed: typeof steady = ['/r/b.test.ts', 'failed', [test('c', 'failed')]]
  const broken: typeof steady = ['/r/d.test.ts', 'failed', [test('e', 'failed')]]
  const first = parseReport(report(steady, failed, broken), '/r').files
  const second = parseReport(report(['/r/b.test.ts', 'passed', [test('c', 'passed')]], broken), '/r').files
  expect(withSecondTry(first, second).map(({ failed: count }) => count)).toEqual([0, 0, 1])
  expect(renderUnsteady(first, second)).toEqual(['b.test.ts > c'])
})
