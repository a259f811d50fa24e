import { z } from 'zod'
import { askEdge } from '../status.ts'
import { version } from '../version.ts'
import { examineStopped } from './examine.ts'
import { exitCodeOf, type Finding } from './finding.ts'

const findingsSchema = z.array(
  z.object({
    check: z.string(),
    level: z.enum(['ok', 'note', 'warning', 'problem']),
    message: z.string(),
    remedy: z.string().nullable(),
  }),
)
const patienceMs = 60_000
const marks = { ok: 'ok     ', note: 'note   ', warning: 'WARNING', problem: 'PROBLEM' }

/** `dragonfly-edge doctor`: asks the running edge, or looks itself. Gives the exit code: 0, 1 or 2. */
export async function printExamination(
  { dataDir, url, json }: { dataDir: string; url: string | null; json: boolean },
  say: (text: string) => void,
): Promise<number> {
  const answer = url === null ? await askEdge(dataDir, '/doctor', patienceMs) : null
  const findings = answer === null ? await examineStopped(dataDir, url) : findingsSchema.parse(answer)
  const running = answer !== null
  if (json) say(JSON.stringify({ version, running, exitCode: exitCodeOf(findings), findings }, null, 2))
  else say(describe(findings, running))
  return exitCodeOf(findings)
}

function describe(findings: readonly Finding[], running: boolean): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(({ check, level, message, remedy }) => [
    `${marks[level]}  ${check.padEnd(width)}  ${message}`,
    ...(remedy ? [`${' '.repeat(9 + width)}  → ${remedy}`] : []),
  ])
  const wanted = findings.filter(({ remedy }) => remedy !== null).length
  const who = running ? 'The running edge was asked.' : 'No edge runs on this data directory.'
  return [...lines, '', wanted === 0 ? `${who} Nothing wants you.` : `${who} To look at: ${wanted}.`].join(
    '\n',
  )
}
