import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SiteState } from '@dragonfly/schema/wire'
import { expect, test, vi } from 'vitest'
import { createSigner, makeState, siteId } from '../../test/site.ts'
import { openStateSync } from './state-sync.ts'
import { openStore } from './store/store.ts'

test('a state that could not be acted on is acted on later, though it is fetched no more', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'edge-sync-'))
  const database = await openStore(dir)
  const state = makeState(createSigner('k1'))
  const applied: SiteState[] = []
  const complaints: string[] = []
  const sync = await openStateSync({
    database,
    siteId,
    now: Date.now,
    random: Math.random,
    isConnected: () => false,
    complain: (message) => complaints.push(message),
    controlPlane: {
      url: '',
      authorization: async () => '',
      fetchBytes: async () => new Uint8Array(),
      fetchState: async (etag) => (etag === null ? { state, etag: '"1"' } : null),
    },
    apply: async (next) => {
      if (complaints.length === 0) throw new Error('the disk is full')
      applied.push(next)
    },
  })
  sync.refresh()
  await vi.waitFor(() => expect(complaints).toHaveLength(1))
  sync.refresh()
  await vi.waitFor(() => expect(applied).toEqual([state]))
  sync.stop()
  database.close()
  await rm(dir, { recursive: true })
})
