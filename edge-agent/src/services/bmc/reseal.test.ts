import { createHash } from 'node:crypto'
import { recipientKids, sealFor } from '@dragonfly/schema/sealing'
import { bmcOrderType, type Command, type SealingRecipient } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { controlPlaneId, createSigner, makeMachine, siteId } from '../../../test/site.ts'
import { decideBmcOrder } from '../../protocol/bmc-order.ts'
import { type EdgeKey, generateEdgeKey } from '../edge-key.ts'
import { openCredentials, resealCredentials } from '../sealed-credentials.ts'
import { generateSealingKeys, signSealingKey } from '../sealing-keys.ts'
import { verifySignature } from '../signing.ts'
import { reseal } from './reseal.ts'

const signer = createSigner('k1')
const machine = makeMachine({ locked: true })
const { machineId } = machine
const address = '10.0.0.17'
const commandId = 'command-1'
const password = createHash('sha256').update('a password of this test').digest('hex')

async function createEdge() {
  const identity: EdgeKey = generateEdgeKey()
  const keys = await generateSealingKeys(1_700_000_000_000)
  const sealingKey = await signSealingKey(keys, identity)
  const { publicJwk: publicKey } = identity
  const recipient: Extract<SealingRecipient, { kind: 'edge' }> = {
    kind: 'edge',
    edgeId: 'edge',
    publicKey,
    sealingKey,
  }
  return { keys, recipient, sealingKey, kid: keys[0].kid }
}

async function create(named: (kids: string[]) => string[] = (kids) => kids) {
  const [own, other] = [await createEdge(), await createEdge()]
  const credentials = await sealFor(
    { format: 1, siteId, machineId, address, username: 'root', password },
    own.keys,
  )
  const order = await signer.sign(
    {
      iss: controlPlaneId,
      aud: siteId,
      jti: commandId,
      iat: 1_800_000_000,
      exp: 1_800_000_600,
      machineId,
      bmcAddress: address,
      what: { action: 'reseal', kids: named([own.kid, other.kid].sort()) },
      safety: 'safe',
    },
    bmcOrderType,
  )
  const bmc = { address, port: null, protocol: 'auto' as const, mac: null, credentials }
  const command: Extract<Command, { kind: 'credentials.reseal' }> = {
    kind: 'credentials.reseal',
    machineId,
    bmc,
    recipients: [own.recipient, other.recipient],
    order,
  }
  // A locked machine of a site whose power control is off: neither is about passwords.
  const site = { siteId, controlPlaneId, minimumSafety: 'safe', powerControl: 'off', reimage: 'off' } as const
  const ports: Parameters<typeof reseal>[0] = {
    sealing: { resealCredentials: (sealed, to) => resealCredentials(own.keys, sealed, siteId, to) },
    checkOrder: ({ jws, orderId, what }) =>
      decideBmcOrder(
        {
          jws,
          orderId,
          what,
          machineId,
          bmcAddress: address,
          machine,
          site,
          signerKeys: [signer.key],
          nowSeconds: 1_800_000_000,
        },
        verifySignature,
      ),
  }
  const run = (change: Partial<typeof command> = {}) =>
    reseal(ports, commandId, { ...command, ...change }, { machineId, name: 'n1', macs: [], bmc })
  return { own, other, run }
}

test('what is sealed to this edge is sealed anew for those whom the order names, and the answer is ciphertext', async () => {
  const { own, other, run } = await create()
  const outcome = await run()
  if (outcome.kind !== 'ended' || !outcome.result.sealed) throw new Error(JSON.stringify(outcome))
  const { sealed } = outcome.result
  expect(recipientKids(sealed).sort()).toEqual([own.kid, other.kid].sort())
  expect(await openCredentials(other.keys, sealed, { siteId, machineId, address })).toMatchObject({
    password,
  })
  expect(JSON.stringify(outcome)).not.toContain(password)
})

test('nobody is added to whom the order names, and nobody whose key is not its own', async () => {
  const { run } = await create(([one = '']) => [one])
  expect(await run()).toMatchObject({ result: { outcome: 'failed', reason: 'order-altered' } })
  const good = await create()
  const { recipient: stranger } = await createEdge()
  expect(await good.run({ recipients: [good.own.recipient, stranger] })).toMatchObject({
    result: { outcome: 'failed', reason: 'order-altered' },
  })
  const disguised = { ...stranger, sealingKey: (await createEdge()).sealingKey }
  expect(await good.run({ recipients: [disguised] })).toMatchObject({
    result: { outcome: 'failed', reason: 'recipient-not-signed' },
  })
  expect(await good.run({ order: 'no.real.order' })).toMatchObject({ result: { outcome: 'failed' } })
})

test('what is not sealed to this edge stays shut', async () => {
  const { run } = await create()
  const elsewhere = await sealFor(
    { format: 1, siteId, machineId, address, username: 'root', password },
    (await createEdge()).keys,
  )
  const bmc = { address, port: null, protocol: 'auto' as const, mac: null, credentials: elsewhere }
  expect(await run({ bmc })).toMatchObject({ result: { outcome: 'failed', reason: 'not-a-recipient' } })
})
