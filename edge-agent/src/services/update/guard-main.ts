import { guardOrderSchema, guardTrial } from './guard.ts'

// Outlives the supervisor that started it.
process.on('SIGHUP', () => undefined)
await guardTrial(guardOrderSchema.parse(JSON.parse(process.argv[2] ?? '')))
