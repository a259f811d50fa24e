import { step, type Tally, vitest } from './steps.ts'

/** Every check that needs neither a virtual machine nor a browser. */
export async function checks(): Promise<Tally[]> {
  return [
    await step('format and lint', 'biome', ['ci', '--error-on-warnings', '.']),
    await step('types', 'tsc', ['-b']),
    await step('types of the portal', 'npm', ['run', '--silent', '-w', 'site', 'types']),
    await step('unused code', 'knip', []),
    await step('openapi.json and the client are current', 'node', ['scripts/check-generated.ts']),
    await vitest('unit'),
  ]
}
