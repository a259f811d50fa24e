export * from './deployment-tables.ts'
export * from './inventory-tables.ts'
