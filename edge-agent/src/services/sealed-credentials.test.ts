import {
  createRecoveryKey,
  openWith,
  parseRecoveryWords,
  recipientKids,
  sealFor,
} from '@dragonfly/schema/sealing'
import type { BmcCredentials, SealingRecipient } from '@dragonfly/schema/wire'
import { beforeAll, describe, expect, test } from 'vitest'
import { generateEdgeKey } from './edge-key.ts'
import { openCredentials, resealCredentials, sealOnEdge } from './sealed-credentials.ts'
import { generateSealingKeys, rotateSealingKeys, type SealingKeys, signSealingKey } from './sealing-keys.ts'

const credentials: BmcCredentials = {
  format: 1,
  siteId: 'site-1',
  machineId: 'machine-1',
  address: 'bmc-1.example.com',
  username: 'ADMIN',
  password: 'a-password-of-one-bmc',
  tlsPin: 'ab'.repeat(32),
}
const use = { siteId: 'site-1', machineId: 'machine-1', address: 'BMC-1.example.com' }

async function createEdge(edgeId: string) {
  const identity = generateEdgeKey()
  const keys = await generateSealingKeys(1_700_000_000_000)
  const recipient = async (of: SealingKeys = keys): Promise<SealingRecipient> => ({
    kind: 'edge',
    edgeId,
    publicKey: identity.publicJwk,
    sealingKey: await signSealingKey(of, identity),
  })
  return { keys, recipient }
}

async function sealTo(recipients: SealingRecipient[], keys: SealingKeys) {
  const result = await sealOnEdge(keys[0], credentials, recipients)
  if ('refused' in result) throw new Error(result.message)
  return result.sealed
}

let attic: Awaited<ReturnType<typeof createEdge>>
let cellar: Awaited<ReturnType<typeof createEdge>>
beforeAll(async () => {
  attic = await createEdge('attic')
  cellar = await createEdge('cellar')
})

describe('opening', () => {
  test('gives what was entered, for the machine and the address it was entered for', async () => {
    const sealed = await sealFor(credentials, attic.keys)
    const { username, password, tlsPin } = credentials
    expect(await openCredentials(attic.keys, sealed, use)).toEqual({ username, password, tlsPin })
  })

  test.each([
    ['other-site', { siteId: 'site-2' }],
    ['other-machine', { machineId: 'machine-2' }],
    ['other-address', { address: '203.0.113.66' }],
    ['other-tls-pin', { tlsPin: 'cd'.repeat(32) }],
  ])('refuses what was moved: %s', async (refused, moved) => {
    const sealed = await sealFor(credentials, attic.keys)
    const answer = await openCredentials(attic.keys, sealed, { ...use, ...moved })
    expect(answer).toEqual({ refused, message: expect.any(String) })
  })

  test('refuses what was altered, what is another edge’s, and everything without a key', async () => {
    const sealed = await sealFor(credentials, attic.keys)
    const [first = ''] = sealed.ciphertext
    const altered = { ...sealed, ciphertext: (first === 'A' ? 'B' : 'A') + sealed.ciphertext.slice(1) }
    expect(await openCredentials(attic.keys, altered, use)).toMatchObject({ refused: 'altered' })
    expect(await openCredentials(cellar.keys, sealed, use)).toMatchObject({ refused: 'not-a-recipient' })
    expect(await openCredentials([], sealed, use)).toMatchObject({ refused: 'no-key' })
    expect(await openCredentials(attic.keys, 'nonsense', use)).toMatchObject({ refused: 'malformed' })
  })
})

describe('sealing on the edge', () => {
  test('shares with a new edge and the recovery key, and answers ciphertext only', async () => {
    const recovery = await createRecoveryKey()
    const before = await sealTo([await attic.recipient()], attic.keys)
    const recipients: SealingRecipient[] = [
      await attic.recipient(),
      await cellar.recipient(),
      { kind: 'recovery', jwk: recovery.publicJwk },
    ]
    const result = await resealCredentials(attic.keys, before, 'site-1', recipients)
    if ('refused' in result) throw new Error(result.message)
    expect(Object.keys(result)).toEqual(['sealed'])
    expect(JSON.stringify(result)).not.toContain(credentials.password)
    expect(await openCredentials(cellar.keys, result.sealed, use)).toMatchObject({ username: 'ADMIN' })
    const words = await parseRecoveryWords(recovery.words)
    if (words.kind !== 'ok') throw new Error(words.message)
    expect(await openWith(result.sealed, [words.key])).toEqual({ kind: 'opened', credentials })
  })

  test('never leaves this edge out, and names nobody twice', async () => {
    const sealed = await sealTo([await cellar.recipient()], attic.keys)
    expect(recipientKids(sealed).sort()).toEqual([attic.keys[0].kid, cellar.keys[0].kid].sort())
    const twice = await sealTo([await attic.recipient(), await attic.recipient()], attic.keys)
    expect(recipientKids(twice)).toEqual([attic.keys[0].kid])
  })

  test('refuses a recipient that its edge did not sign, and credentials of another site', async () => {
    const sealed = await sealFor(credentials, attic.keys)
    const theirs = await cellar.recipient()
    const stranger = { ...theirs, publicKey: generateEdgeKey().publicJwk } as SealingRecipient
    expect(await resealCredentials(attic.keys, sealed, 'site-1', [stranger])).toMatchObject({
      refused: 'recipient-not-signed',
    })
    expect(await resealCredentials(attic.keys, sealed, 'site-2', [theirs])).toMatchObject({
      refused: 'other-site',
    })
    expect(await resealCredentials(cellar.keys, sealed, 'site-1', [theirs])).toMatchObject({
      refused: 'not-a-recipient',
    })
  })

  test('after a rotation opens what is old, and seals to the new key', async () => {
    const sealed = await sealFor(credentials, attic.keys)
    const rotated = await rotateSealingKeys(attic.keys, 1_700_000_100_000)
    expect(await openCredentials(rotated, sealed, use)).toMatchObject({ username: 'ADMIN' })
    const result = await resealCredentials(rotated, sealed, 'site-1', [await attic.recipient(rotated)])
    if ('refused' in result) throw new Error(result.message)
    expect(recipientKids(result.sealed)).toEqual([rotated[0].kid])
    expect(await openCredentials(attic.keys, result.sealed, use)).toMatchObject({
      refused: 'not-a-recipient',
    })
  })
})
