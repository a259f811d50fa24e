import { prepareRack } from './prepare-rack.ts'
import { add, finish } from './steps.ts'
import { vitest } from './vitest.ts'

// What takes too long for every run.
process.env.DRAGONFLY_MUTATIONS ??= '1000000'
const hostile = await vitest('unit', [
  'edge-agent/src/services/ipmi/hostile-packets.test.ts',
  'edge-agent/src/protocol/redfish/hostile.test.ts',
])
await prepareRack()
finish(add([hostile, await vitest('long')]))
