import { runQuietly } from './steps.ts'

/** How bad a known vulnerability has to be for the check to fail. */
const failsAt = ['high', 'critical'] as const

interface Report {
  error?: { summary?: string }
  message?: string
  metadata?: { vulnerabilities: Record<string, number> }
  vulnerabilities?: Record<string, { severity: string; via: (string | { title: string; url: string })[] }>
}

/**
 * Asks the registry about known vulnerabilities in what package-lock.json names. 0: none that is bad; 1: some;
 * 3: the registry did not answer, which is no verdict.
 */
const { output } = await runQuietly('npm', ['audit', '--json', '--audit-level=high'])
const report = parseReport(output)
if (!report?.metadata) {
  const reason = report?.message ?? report?.error?.summary ?? output.trim().split('\n').at(-1)
  console.log(`   SKIPPED: the registry’s audit did not answer (${reason || 'no reason given'}).`)
  console.log(
    '   Known vulnerabilities in dependencies were NOT looked for: run `npm audit` where it answers.',
  )
  process.exit(3)
}
const counts = report.metadata.vulnerabilities
for (const [name, { severity, via }] of Object.entries(report.vulnerabilities ?? {})) {
  const reasons = via.map((cause) => (typeof cause === 'string' ? cause : `${cause.title} ${cause.url}`))
  console.log(`   ${severity}: ${name} (${reasons.join('; ')})`)
}
console.log(`   ${counts.total ?? 0} known vulnerabilities`)
process.exit(failsAt.some((severity) => (counts[severity] ?? 0) > 0) ? 1 : 0)

/** npm prints warnings around its JSON. */
function parseReport(text: string): Report | null {
  const begin = text.indexOf('\n{') + 1
  const end = text.lastIndexOf('}')
  try {
    return JSON.parse(text.slice(text.startsWith('{') ? 0 : begin, end + 1))
  } catch {
    return null
  }
}
