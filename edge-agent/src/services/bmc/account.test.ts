import type { EdgeToAgentFrame } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { createFakeBmc, type FakeBmc } from '../../../test/fake-bmc.ts'
import { type AccountAnswer, createBmcAccounts } from '../ramdisk-link/bmc-accounts.ts'
import type { RamdiskLink } from '../ramdisk-link/link.ts'
import { openCredentials, sealOnEdge } from '../sealed-credentials.ts'
import { generateSealingKeys } from '../sealing-keys.ts'
import { type AccountPorts, createAccount } from './account.ts'
import type { BmcTarget } from './driver.ts'
import { createBmcReach } from './reach.ts'

const account = { address: '10.0.0.17', username: 'dragonfly', password: 'Zebra-Quartz-42' }
const machineId = 'machine-1'
const target: BmcTarget = { machineId, name: 'n1', macs: [], bmc: null }

async function create(
  answer: AccountAnswer | null,
  {
    isOrdered = true,
    to = target,
    bmc = createFakeBmc(),
  }: { isOrdered?: boolean; to?: BmcTarget; bmc?: FakeBmc } = {},
) {
  const keys = await generateSealingKeys(0)
  const asked: string[] = []
  const ports: AccountPorts = {
    checkOrder: async ({ what }) =>
      isOrdered && what.action === 'account'
        ? { kind: 'accepted', order: {} as never }
        : { kind: 'refused', reason: 'bad-signature', message: 'It was not signed.' },
    sealing: {
      sealOnEdge: (credentials, to) =>
        sealOnEdge(keys[0], { ...credentials, format: 1, siteId: 'site-1' }, to),
    },
    reach: createBmcReach([bmc.driver]),
    askRamdisk: (id) => {
      asked.push(id)
      return answer && Promise.resolve(answer)
    },
    recipients: () => [],
  }
  const command = { kind: 'bmc.create-account', machineId, bmc: null, order: 'order' } as const
  const outcome = await createAccount(ports, 'command-1', command, to)
  return { outcome, asked, keys }
}

test('the password of a new account leaves the edge sealed for that machine and address, and in no other way', async () => {
  const { outcome, keys } = await create({ kind: 'made', account })
  if (outcome.kind !== 'ended') throw new Error('it has ended')
  const use = { siteId: 'site-1', machineId, address: account.address }
  const { username, password } = account
  expect(await openCredentials(keys, outcome.result.sealed, use)).toEqual({ username, password })
  expect(outcome.result).toMatchObject({ outcome: 'done', detail: { kind: 'account', address: '10.0.0.17' } })
  expect(JSON.stringify(outcome)).not.toContain(password)
})

test('nothing is asked of the ramdisk without an order; and what it says no to is told', async () => {
  const unordered = await create({ kind: 'made', account }, { isOrdered: false })
  expect(unordered).toMatchObject({ asked: [], outcome: { result: { reason: 'bad-signature' } } })
  expect(await create(null)).toMatchObject({ outcome: { result: { reason: 'not-in-ramdisk' } } })
  const refused = await create({ kind: 'failed', message: 'No free place.' })
  expect(refused.outcome).toMatchObject({ result: { outcome: 'failed', message: 'No free place.' } })
})

test('only the boot that was asked may answer', async () => {
  const sent: EdgeToAgentFrame[] = []
  const linkOf = (session: string) =>
    ({ session: { session }, send: (frame: EdgeToAgentFrame) => sent.push(frame) }) as unknown as RamdiskLink
  const accounts = createBmcAccounts()
  const asked = accounts.ask(linkOf('s1'))
  const [frame] = sent
  if (frame?.type !== 'create-bmc-account') throw new Error('it is asked')
  const { requestId } = frame
  const stolen = { ...account, password: 'Another-Word-99' }
  accounts.take(linkOf('s2'), { type: 'bmc-account', requestId, account: stolen, message: null })
  accounts.take(linkOf('s1'), { type: 'bmc-account', requestId, account, message: null })
  expect(await asked).toEqual({ kind: 'made', account })
})

/** A machine whose BMC lets somebody in. */
const reached: BmcTarget = {
  ...target,
  bmc: { address: '10.0.0.17', port: null, protocol: 'auto', mac: null, credentials: {} as never },
}

function createAccountableBmc(username: string) {
  const bmc = createFakeBmc()
  const made: { username: string; password: string }[] = []
  const { open } = bmc.driver
  bmc.driver.open = async (to) => ({
    ...(await open(to)),
    username,
    setAccount: async (one) => void made.push(one),
  })
  return { bmc, made }
}

test('where a login works, the account is made by it, and the ramdisk is left alone', async () => {
  const { bmc, made } = createAccountableBmc('root')
  const { outcome, asked, keys } = await create({ kind: 'made', account }, { to: reached, bmc })
  if (outcome.kind !== 'ended') throw new Error('it has ended')
  const use = { siteId: 'site-1', machineId, address: '10.0.0.17' }
  expect(await openCredentials(keys, outcome.result.sealed, use)).toEqual(made[0])
  expect([asked, made[0]?.username]).toEqual([[], 'dragonfly'])
})

test('the account that logs in keeps its password until the new one is sealed: it is another one', async () => {
  const { bmc, made } = createAccountableBmc('dragonfly')
  await create(null, { to: reached, bmc })
  expect(made).toMatchObject([{ username: 'dragonfly2' }])
})

test('where no login works any more, the ramdisk is asked; without it, what each driver ran into is told', async () => {
  const { bmc } = createAccountableBmc('root')
  bmc.failing.set('open', 'wrong-password')
  expect(await create({ kind: 'made', account }, { to: reached, bmc })).toMatchObject({
    asked: [machineId],
    outcome: { result: { outcome: 'done' } },
  })
  const { outcome } = await create(null, { to: reached, bmc })
  expect(outcome).toMatchObject({
    result: { outcome: 'failed', reason: 'wrong-password', attempts: [{ driver: 'ipmi' }] },
  })
})
