import { maxSignerLinks, type SignerLink, signerLinkType, workOrderType } from '@dragonfly/schema/wire'
import { describe, expect, test } from 'vitest'
import { createSigner, type Signer } from '../../test/site.ts'
import { followLinks, verifySignature } from './signing.ts'

const link = (from: Signer, to: Signer, more: Partial<SignerLink> = {}): Promise<string> =>
  from.sign({ ...to.key, iat: 1_700_000_000, forgetsEarlier: false, ...more }, signerLinkType)

const [first, second, third, stranger] = ['k1', 'k2', 'k3', 'x'].map(createSigner) as [
  Signer,
  Signer,
  Signer,
  Signer,
]
const kids = async (links: readonly string[], from = [first.key]) =>
  (await followLinks(links, from)).map(({ kid }) => kid)

describe('links from one signer key to the next', () => {
  test('are followed one after the other, and again', async () => {
    const links = [await link(first, second), await link(second, third)]
    expect(await kids(links)).toEqual(['k1', 'k2', 'k3'])
    const known = await followLinks(links, [first.key])
    expect(await followLinks(links, known)).toEqual(known)
    expect(await kids(links, [second.key])).toEqual(['k2', 'k3'])
  })

  test('lead nowhere without the one between', async () => {
    expect(await kids([await link(second, third)])).toEqual(['k1'])
    expect(await kids([await link(second, third), await link(first, second)])).toEqual(['k1', 'k2'])
  })

  test('count by nobody but a known key: a stranger’s, one that was altered, one of another kind', async () => {
    expect(await kids([await link(stranger, second)])).toEqual(['k1'])
    // Under a known name.
    const impostor = createSigner('k1')
    expect(await kids([await link(impostor, second)])).toEqual(['k1'])
    const [header, payload, signature] = (await link(first, second)).split('.')
    const foreign = Buffer.from(JSON.stringify({ ...stranger.key, iat: 1, forgetsEarlier: true })).toString(
      'base64url',
    )
    expect(await kids([`${header}.${foreign}.${signature}`])).toEqual(['k1'])
    expect(await kids([`${header}.${payload}.`, '', 'ey', '...'])).toEqual(['k1'])
    expect(
      await kids([await first.sign({ ...second.key, iat: 1, forgetsEarlier: false }, workOrderType)]),
    ).toEqual(['k1'])
  })

  test('can say that what was before is forgotten', async () => {
    const links = [await link(first, second, { forgetsEarlier: true }), await link(second, third)]
    expect(await kids(links)).toEqual(['k2', 'k3'])
    expect(await kids(links, [first.key, second.key, third.key])).toEqual(['k2', 'k3'])
    // The forgotten key vouches for nothing any more.
    const known = await followLinks(links, [first.key])
    expect(await kids([await link(first, stranger)], [...known])).toEqual(['k2', 'k3'])
  })

  test('can be a loop without harm', async () => {
    expect(await kids([await link(first, second), await link(second, first)])).toEqual(['k2', 'k1'])
  })
})

describe('a signature', () => {
  const payload = { any: 'thing' }
  const verify = (jws: string, known = [first.key]) => verifySignature(jws, workOrderType, known)

  test('by a key that follows a known one is taken with the links that lead there', async () => {
    const links = [await link(first, second), await link(second, third)]
    expect(await verify(await third.sign(payload, workOrderType, { links }))).toEqual({ kind: 'ok', payload })
    expect(await verify(await third.sign(payload, workOrderType))).toEqual({ kind: 'unknown-signer' })
    expect(await verify(await third.sign(payload, workOrderType, { links: links.slice(1) }))).toEqual({
      kind: 'unknown-signer',
    })
  })

  test('by a stranger who brings a link of their own is refused', async () => {
    const links = [await link(stranger, stranger), await link(createSigner('k1'), stranger)]
    expect(await verify(await stranger.sign(payload, workOrderType, { links }))).toEqual({
      kind: 'unknown-signer',
    })
  })

  test('with more than links in their place is malformed', async () => {
    for (const links of [[1], 'ey', [''.padEnd(3000, 'x')], Array(maxSignerLinks + 1).fill('ey')])
      expect(await verify(await first.sign(payload, workOrderType, { links }))).toEqual({ kind: 'malformed' })
  })
})
