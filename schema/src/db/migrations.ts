import { fileURLToPath } from 'node:url'

/** Folder of the migrations, for drizzle's migrator. */
export const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url))
