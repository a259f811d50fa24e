import type { EdgeToAgentFrame } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { type AccountAnswer, createBmcAccounts } from '../ramdisk-link/bmc-accounts.ts'
import type { RamdiskLink } from '../ramdisk-link/link.ts'
import { openCredentials, sealOnEdge } from '../sealed-credentials.ts'
import { generateSealingKeys } from '../sealing-keys.ts'
import { type AccountPorts, createAccount } from './account.ts'

const account = { address: '10.0.0.17', username: 'dragonfly', password: 'Zebra-Quartz-42' }
const machineId = 'machine-1'
const target = { machineId, name: 'n1', macs: [], bmc: null }

async function create(answer: AccountAnswer | null, isOrdered = true) {
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
    askRamdisk: (id) => {
      asked.push(id)
      return answer && Promise.resolve(answer)
    },
    recipients: () => [],
  }
  const command = { kind: 'bmc.create-account', machineId, bmc: null, order: 'order' } as const
  const outcome = await createAccount(ports, 'command-1', command, target)
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
  const unordered = await create({ kind: 'made', account }, false)
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
