import { expect, it } from 'vitest'
import { createEdge } from '../testing/views.ts'
import { sitePresence } from './site-presence.ts'

const siteId = 's1'

it('is here while one of its edges is', () => {
  const edges = [
    createEdge({ siteId, status: 'lost' }),
    createEdge({ siteId, status: 'online', upToDate: true }),
  ]
  expect(sitePresence(siteId, edges)).toEqual({ kind: 'here', isUpToDate: true })
})

it('is away since its last edge was heard', () => {
  const edges = [
    createEdge({ siteId, status: 'lost', lastSeenAt: 10 }),
    createEdge({ siteId, status: 'lost', lastSeenAt: 20 }),
    createEdge({ siteId: 's2', status: 'online', lastSeenAt: 30 }),
  ]
  expect(sitePresence(siteId, edges)).toEqual({ kind: 'away', sinceMs: 20 })
})

it('does not count what was revoked, and says nothing before it knows', () => {
  expect(sitePresence(siteId, [createEdge({ siteId, status: 'revoked' })])).toEqual({ kind: 'no-edge' })
  expect(sitePresence(siteId, undefined)).toBeNull()
})
