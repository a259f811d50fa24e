import { openProcessLog } from '../../io/process-log.ts'
import { guardOrderSchema, guardTrial } from './guard.ts'

openProcessLog('update-guard')
// Outlives the supervisor that started it.
process.on('SIGHUP', () => undefined)
await guardTrial(guardOrderSchema.parse(JSON.parse(process.argv[2] ?? '')))
