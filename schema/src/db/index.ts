export * from './auth-tables.ts'
export * from './deployment-tables.ts'
export * from './inventory-tables.ts'
export * from './people-tables.ts'
