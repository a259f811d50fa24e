import { prepareRack } from './prepare-rack.ts'
import { finish, vitest } from './steps.ts'

// What takes too long for every run.
await prepareRack()
finish(await vitest('long'))
