import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EdgeKeyChange, edgeKeyChangeSchema, type ReplaceKeyRequest } from '@dragonfly/schema/wire'
import { compactVerify, importJWK } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ControlPlaneError, type KeyDesk } from './control-plane.ts'
import {
  createKeyRing,
  type EdgeKey,
  fingerprint,
  generateEdgeKey,
  loadKeyRing,
  storeKeyRing,
} from './edge-key.ts'
import { type IdentityKeys, keyLifetimeMs, openIdentityKeys } from './identity-keys.ts'

let dataDir: string
let clock: { now: number }
let server: ReturnType<typeof createServer>
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'identity-keys-'))
  clock = { now: 1_800_000_000_000 }
  const key = generateEdgeKey()
  await storeKeyRing(dataDir, createKeyRing(key, clock.now))
  server = createServer(key)
})
afterEach(() => rm(dataDir, { recursive: true }))

/** The control plane's side: exactly one key counts. `fault` says when the line breaks. */
function createServer(first: EdgeKey) {
  const self: {
    known: string
    fault: 'before' | 'after' | 'silent' | null
    requests: number
    desk: KeyDesk
  } = {
    known: first.publicJwk.x,
    fault: null,
    requests: 0,
    desk: {
      isTaken: async (key) => {
        if (self.fault === 'silent') throw new Error('no answer')
        return key.publicJwk.x === self.known
      },
      replace: async (by, request) => {
        self.requests++
        if (self.fault === 'before') throw new Error('no answer')
        if (by.publicJwk.x !== self.known) throw new ControlPlaneError(401, 'No.', 'edge-token-invalid')
        const change = await readChange(request, by)
        self.known = change.jwk.x
        if (self.fault === 'after') throw new Error('no answer')
      },
    },
  }
  return self
}

async function readChange({ vouched, proof }: ReplaceKeyRequest, by: EdgeKey): Promise<EdgeKeyChange> {
  const read = async (jws: string, key: EdgeKey['publicJwk']) => {
    const { payload } = await compactVerify(jws, await importJWK(key, 'EdDSA'))
    return edgeKeyChangeSchema.parse(JSON.parse(new TextDecoder().decode(payload)))
  }
  const change = await read(vouched, by.publicJwk)
  expect(await read(proof, change.jwk)).toEqual(change)
  expect(change.previous).toBe(await fingerprint(by.publicJwk))
  return change
}

async function open(): Promise<IdentityKeys> {
  const identity = { edgeId: 'edge-1', controlPlaneId: 'control-1' }
  const keys = await openIdentityKeys({ dataDir, identity, desk: server.desk, now: () => clock.now })
  if (!keys) throw new Error('it has joined')
  return keys
}
const counts = (keys: IdentityKeys) => keys.current().publicJwk.x === server.known

describe('an edge’s key', () => {
  test('is replaced, and the edge is known by the new one alone', async () => {
    const keys = await open()
    const before = keys.current().publicJwk.x
    let told = 0
    keys.onReplaced(async () => void told++)
    await keys.replace()
    expect(counts(keys)).toBe(true)
    expect(server.known).not.toBe(before)
    expect(told).toBe(1)
    expect(counts(await open())).toBe(true)
  })

  test('is due when it is old, and once for each request', async () => {
    const keys = await open()
    expect(keys.isDue()).toBe(false)
    clock.now += keyLifetimeMs
    expect(keys.isDue()).toBe(true)
    await keys.replace()
    expect(keys.isDue()).toBe(false)
    await Promise.all([keys.replace('1'), keys.replace('1')])
    await (await open()).replace('1')
    expect(server.requests).toBe(2)
    await keys.replace('2')
    expect(server.requests).toBe(3)
  })

  test.each(['before', 'after'] as const)(
    'is one that counts after a crash: the line broke %s it was taken',
    async (fault) => {
      const keys = await open()
      server.fault = fault
      await expect(keys.replace('1')).rejects.toThrow('no answer')
      server.fault = null
      const again = await open()
      expect(again.isUnsettled()).toBe(true)
      await again.settle()
      expect(again.isUnsettled()).toBe(false)
      expect(counts(again)).toBe(true)
      expect(counts(await open())).toBe(true)
      // The same, without a restart.
      await keys.settle()
    },
  )

  test('is the one of before while nobody answers', async () => {
    const keys = await open()
    const before = keys.current()
    server.fault = 'before'
    await expect(keys.replace()).rejects.toThrow()
    server.fault = 'silent'
    await expect(keys.settle()).rejects.toThrow('no answer')
    expect(keys.current()).toEqual(before)
    expect(keys.isUnsettled()).toBe(true)
    server.fault = null
    await keys.settle()
    expect(counts(keys)).toBe(true)
  })

  test('is not made anew by each try', async () => {
    const keys = await open()
    server.fault = 'before'
    for (let tries = 0; tries < 3; tries++) await expect(keys.replace()).rejects.toThrow()
    const { next } = (await loadKeyRing(dataDir)) ?? {}
    server.fault = null
    await keys.replace()
    expect(server.known).toBe(next?.publicJwk.x)
  })

  test('is taken anew by a control plane that was restored from before it was replaced', async () => {
    const keys = await open()
    const old = server.known
    await keys.replace()
    await keys.replace()
    const newest = server.known
    server.known = old
    await keys.settle()
    expect(server.known).toBe(newest)
    expect(counts(keys)).toBe(true)
  })

  test('stays when none counts any more', async () => {
    const keys = await open()
    server.known = 'another'
    await keys.settle()
    await keys.replace()
    expect(server.known).toBe('another')
  })

  test('of an older version is read, and an older version reads it', async () => {
    const keys = await open()
    await keys.replace()
    const ring = await loadKeyRing(dataDir)
    expect(ring?.current.privateJwk).toEqual(keys.current().privateJwk)
    expect(ring?.earlier).toHaveLength(1)
  })
})
