import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLeaseTable, type Lease } from '../../protocol/leases.ts'
import { createLeaseStore } from './lease-store.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dragonfly-leases-'))
  path = join(folder, 'leases.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

function lease(last: number, changes: Partial<Lease> = {}): Lease {
  return {
    address: `10.0.0.${last}`,
    mac: `52:54:00:00:00:${last.toString(16).padStart(2, '0')}`,
    interface: 'eth0',
    hostname: '',
    state: 'bound',
    startedAtMs: 1,
    untilMs: 2,
    ...changes,
  }
}

async function reload(): Promise<Lease[]> {
  return createLeaseStore(path, createLeaseTable()).load()
}

async function openWith(leases: Lease[]) {
  const table = createLeaseTable()
  const store = createLeaseStore(path, table)
  const keep = async (entry: Lease) => {
    table.put(entry)
    await store.keep(entry)
  }
  await Promise.all(leases.map(keep))
  return { store, keep }
}

it('keeps leases for the next process, the newest word on each', async () => {
  const { keep } = await openWith([lease(1), lease(2)])
  await keep(lease(1, { untilMs: 9 }))
  const byAddress = new Map((await reload()).map((entry) => [entry.address, entry]))
  expect(byAddress.get('10.0.0.1')?.untilMs).toBe(9)
  expect(byAddress.size).toBe(2)
  expect(statSync(path).mode & 0o077).toBe(0)
})

it('reads past what a power cut left, and makes it whole with the next lease', async () => {
  await openWith([lease(1), lease(2)])
  appendFileSync(path, '{"address":"10.0.0.3","ma')
  const table = createLeaseTable(await reload())
  const store = createLeaseStore(path, table)
  table.put(lease(4))
  await store.keep(lease(4))
  expect((await reload()).map(({ address }) => address).sort()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.4'])
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) JSON.parse(line)
})

it('has no leases where there is no file, or none that it can read', async () => {
  expect(await reload()).toEqual([])
  writeFileSync(path, '\0\0\0[]\n"x"\n{"address":"10.0.0.999"}\n')
  expect(await reload()).toEqual([])
})

it('stays small', async () => {
  const { keep, store } = await openWith([lease(1)])
  for (let round = 0; round < 1100; round++) void keep(lease(1, { untilMs: round }))
  await keep(lease(1, { untilMs: 5000 }))
  await keep(lease(1, { untilMs: 6000 }))
  await store.close()
  expect(readFileSync(path, 'utf8').trim().split('\n').length).toBeLessThan(1010)
  expect((await reload()).at(-1)?.untilMs).toBe(6000)
})

it('rejects what it cannot write, and works again when it can', async () => {
  rmSync(folder, { recursive: true })
  const table = createLeaseTable([lease(1)])
  const store = createLeaseStore(path, table)
  await expect(store.keep(lease(1))).rejects.toThrow('ENOENT')
  folder = join(tmpdir(), `${folder.split('/').at(-1)}`)
  const { mkdirSync } = await import('node:fs')
  mkdirSync(folder)
  await store.keep(lease(1))
  expect(await reload()).toHaveLength(1)
})
