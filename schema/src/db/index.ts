export * from './audit-tables.ts'
export * from './auth-tables.ts'
export * from './deployment-tables.ts'
export * from './inventory-tables.ts'
