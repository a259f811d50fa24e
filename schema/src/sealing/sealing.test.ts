import { CompactSign, exportJWK, generateKeyPair, importJWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { type PublicJwk, publicJwkSchema } from '../wire/keys.ts'
import {
  type BmcCredentials,
  type SealingRecipient,
  sealingJwkSchema,
  sealingKeyType,
} from '../wire/sealing.ts'
import {
  createRecoveryKey,
  type OpeningKey,
  openWith,
  parseRecoveryWords,
  recipientKids,
  sealFor,
  sealingKid,
  verifyRecipients,
  verifySealingKey,
  verifyWithoutWebCrypto,
} from './index.ts'

const credentials: BmcCredentials = {
  format: 1,
  siteId: 'site-1',
  machineId: 'machine-1',
  address: '10.0.0.5',
  username: 'ADMIN',
  password: 'Ünique-hunter2',
}

async function createIdentity() {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  return { privateKey, publicJwk: publicJwkSchema.parse(await exportJWK(publicKey)) }
}

async function createOpeningKey(): Promise<OpeningKey> {
  const { privateKey } = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true })
  const jwk = await exportJWK(privateKey)
  const publicJwk = sealingJwkSchema.parse(jwk)
  return { kid: await sealingKid(publicJwk), jwk: { ...publicJwk, d: jwk.d ?? '' } }
}

const publicHalf = ({ kid, jwk }: OpeningKey) => ({ kid, jwk: sealingJwkSchema.parse(jwk) })

async function sign(
  identity: Awaited<ReturnType<typeof createIdentity>>,
  claims: object,
  typ = sealingKeyType,
) {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ })
    .sign(await importJWK(await exportJWK(identity.privateKey), 'EdDSA'))
}

async function createEdge(edgeId: string) {
  const identity = await createIdentity()
  const key = await createOpeningKey()
  const claims = { ...publicHalf(key), previous: [], iat: 1_700_000_000 }
  const signed = await sign(identity, claims)
  const recipient: SealingRecipient = {
    kind: 'edge',
    edgeId,
    publicKey: identity.publicJwk,
    sealingKey: signed,
  }
  return { identity, key, claims, signed, recipient }
}

let attic: Awaited<ReturnType<typeof createEdge>>
let cellar: Awaited<ReturnType<typeof createEdge>>
beforeAll(async () => {
  attic = await createEdge('attic')
  cellar = await createEdge('cellar')
})

describe('sealed credentials', () => {
  it('are opened by every recipient, and by nobody else', async () => {
    const sealed = await sealFor(credentials, [publicHalf(attic.key), publicHalf(cellar.key)])
    expect(recipientKids(sealed).sort()).toEqual([attic.key.kid, cellar.key.kid].sort())
    for (const { key } of [attic, cellar])
      expect(await openWith(sealed, [key])).toEqual({ kind: 'opened', credentials })
    expect(await openWith(sealed, [await createOpeningKey()])).toEqual({
      kind: 'refused',
      reason: 'not-a-recipient',
    })
  })

  it('say neither what is inside nor how long the password is', async () => {
    const sealed = await sealFor(credentials, [publicHalf(attic.key)])
    const longer = await sealFor({ ...credentials, password: 'x'.repeat(30) }, [publicHalf(attic.key)])
    const shown = Buffer.from(JSON.stringify(sealed)).toString('latin1')
    for (const secret of ['hunter2', 'ADMIN', '10.0.0.5']) {
      expect(shown).not.toContain(secret)
      expect(shown).not.toContain(Buffer.from(secret).toString('base64url').slice(0, -1))
    }
    expect(longer.ciphertext).toHaveLength(sealed.ciphertext.length)
  })

  it.each(['protected', 'iv', 'ciphertext', 'tag'] as const)(
    'are refused when %s was altered',
    async (part) => {
      const sealed = await sealFor(credentials, [publicHalf(attic.key)])
      const [first = ''] = sealed[part]
      const altered = { ...sealed, [part]: (first === 'A' ? 'B' : 'A') + sealed[part].slice(1) }
      expect(await openWith(altered, [attic.key])).toMatchObject({ kind: 'refused' })
    },
  )

  it('are refused when a recipient’s part was taken from another sealed text, or is nonsense', async () => {
    const one = await sealFor(credentials, [publicHalf(attic.key)])
    const other = await sealFor(credentials, [publicHalf(attic.key)])
    const mixed = { ...one, recipients: other.recipients }
    expect(await openWith(mixed, [attic.key])).toEqual({ kind: 'refused', reason: 'altered' })
    for (const nonsense of [null, 'text', {}, { ...one, recipients: [] }])
      expect(await openWith(nonsense, [attic.key])).toEqual({ kind: 'refused', reason: 'malformed' })
  })
})

describe('a recipient’s key', () => {
  it('counts when the edge signed it, with WebCrypto and without', async () => {
    expect(await verifySealingKey(attic.signed, attic.identity.publicJwk)).toMatchObject({
      kind: 'ok',
      key: publicHalf(attic.key),
    })
    expect(await verifyWithoutWebCrypto(attic.signed, attic.identity.publicJwk)).not.toBeNull()
    expect(await verifyRecipients([attic.recipient, cellar.recipient])).toMatchObject({
      kind: 'ok',
      keys: [publicHalf(attic.key), publicHalf(cellar.key)],
    })
  })

  it('does not count when another key signed it, or when it was altered', async () => {
    const stranger: PublicJwk = cellar.identity.publicJwk
    const [header, , signature] = attic.signed.split('.')
    const claims = { ...publicHalf(await createOpeningKey()), previous: [], iat: 1 }
    const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
    const refused = { kind: 'refused', reason: 'bad-signature' }
    expect(await verifySealingKey(attic.signed, stranger)).toEqual(refused)
    expect(await verifySealingKey(forged, attic.identity.publicJwk)).toEqual(refused)
    expect(await verifyWithoutWebCrypto(attic.signed, stranger)).toBeNull()
    expect(await verifyWithoutWebCrypto(forged, attic.identity.publicJwk)).toBeNull()
    expect(
      await verifyRecipients([cellar.recipient, { ...attic.recipient, sealingKey: forged }] as never),
    ).toEqual({ kind: 'refused', edgeId: 'attic' })
  })

  it('does not count under another name, or when it was signed as something else', async () => {
    const misnamed = await sign(attic.identity, { ...attic.claims, kid: cellar.key.kid })
    const token = await sign(attic.identity, attic.claims, 'JWT')
    const malformed = { kind: 'refused', reason: 'malformed' }
    for (const signed of [misnamed, token, 'nonsense', 'a.b.c'])
      expect(await verifySealingKey(signed, attic.identity.publicJwk)).toEqual(malformed)
  })
})

describe('a recovery key', () => {
  it('opens what was sealed to it, from its words, however they were typed', async () => {
    const { kid, publicJwk, words } = await createRecoveryKey()
    const sealed = await sealFor(credentials, [publicHalf(attic.key), { kid, jwk: publicJwk }])
    const typed = words
      .split(' ')
      .map((word, index) => `${index + 1}. ${word.toUpperCase()}`)
      .join('\n')
    const read = await parseRecoveryWords(typed)
    if (read.kind !== 'ok') throw new Error(read.message)
    expect(read.key.kid).toBe(kid)
    expect(await openWith(sealed, [read.key])).toEqual({ kind: 'opened', credentials })
  })

  it('says which word is wrong', async () => {
    const words = (await createRecoveryKey()).words.split(' ')
    expect(await parseRecoveryWords(words.slice(1).join(' '))).toMatchObject({
      message: expect.stringContaining('24 words, these are 23'),
    })
    expect(await parseRecoveryWords(['dragonfly', ...words.slice(1)].join(' '))).toMatchObject({
      message: expect.stringContaining('“dragonfly”'),
    })
    const swapped = [words[1], words[0], ...words.slice(2)].join(' ')
    const both = await parseRecoveryWords(swapped)
    if (words[0] !== words[1] && both.kind === 'ok') expect(both.key.kid).not.toBe('')
    expect(await parseRecoveryWords('abandon '.repeat(23).concat('zoo'))).toMatchObject({ kind: 'wrong' })
  })
})
