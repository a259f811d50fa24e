import type * as schema from '@dragonfly/schema/db'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'

export type Database = LibSQLDatabase<typeof schema>
