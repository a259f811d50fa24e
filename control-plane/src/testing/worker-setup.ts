import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { migrateDatabase } from '../platform/node/migrate.ts'
import { startSqld } from '../platform/node/sqld.ts'

const template = 'template'

/** One libSQL server for all tests in workerd, and a database in it that the others are forks of. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'dragonfly-sqld-'))
  const { url, adminUrl, close } = await startSqld({ dataDir, hasNamespaces: true })
  if (adminUrl === null) throw new Error('the libSQL server has no namespaces')
  const made = await fetch(`${adminUrl}/v1/namespaces/${template}/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  if (!made.ok) throw new Error(await made.text())
  await migrateDatabase({ url, namespace: template })
  project.provide('libsql', { url, adminUrl, template })
  return async () => {
    await close()
    await rm(dataDir, { recursive: true, force: true })
  }
}
