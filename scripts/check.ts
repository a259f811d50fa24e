import { checks } from './checks.ts'
import { add, finish } from './steps.ts'

finish(add(await checks()))
