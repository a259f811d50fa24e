import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateSQLiteDrizzleJson, generateSQLiteMigration } from 'drizzle-kit/api'
import { expect, it } from 'vitest'
import * as tables from './index.ts'
import { migrationsFolder } from './migrations.ts'

function readJson(path: string) {
  return JSON.parse(readFileSync(join(migrationsFolder, path), 'utf8'))
}

it('has a migration for every change of the tables (`npm run -w schema migration` writes it)', async () => {
  const { entries } = readJson('meta/_journal.json')
  const { idx } = entries.at(-1)
  const newest = readJson(`meta/${String(idx).padStart(4, '0')}_snapshot.json`)
  const missing = await generateSQLiteMigration(newest, await generateSQLiteDrizzleJson(tables))
  expect(missing).toEqual([])
})
