import { checks } from './checks.ts'
import { prepareRack } from './prepare-rack.ts'
import { add, finish, vitest } from './steps.ts'

// Quick checks first: what they find would only be found again, slower, in the virtual rack.
const quick = add(await checks())
if (quick.failed > 0 && process.env.DRAGONFLY_TEST_ALL !== '1') {
  console.log(
    '\nThe virtual rack was not started: mend the checks above first (DRAGONFLY_TEST_ALL=1 runs it all the same).',
  )
  finish(quick)
}
await prepareRack()
finish(add([quick, await vitest('rack')]))
