import { run, step, type Tally } from './steps.ts'
import { vitest } from './vitest.ts'

/** Every check that needs neither a virtual machine nor a browser. */
export async function checks(): Promise<Tally[]> {
  return [
    await step('format and lint', 'biome', ['ci', '--error-on-warnings', '.']),
    await step('types', 'tsc', ['-b']),
    await step('types of the portal', 'npm', ['run', '--silent', '-w', 'site', 'types']),
    await step('unused code', 'knip', []),
    await step('openapi.json and the client are current', 'node', ['scripts/check-generated.ts']),
    await step('the Worker as it is deployed', 'node', ['scripts/check-worker.ts']),
    await auditDependencies(),
    await vitest('unit'),
  ]
}

/** Without a network nothing is known about dependencies: that is said aloud and counted, and is no failure. */
async function auditDependencies(): Promise<Tally> {
  console.log('\n── known vulnerabilities in dependencies')
  const code = await run('node', ['scripts/audit-dependencies.ts'])
  const isUnknown = code === 3
  return { passed: code === 0 ? 1 : 0, failed: code === 0 || isUnknown ? 0 : 1, skipped: isUnknown ? 1 : 0 }
}
