export * from './recovery.ts'
export * from './seal.ts'
export * from './sealing-key.ts'
