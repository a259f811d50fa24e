import type { ScanRow } from '@dragonfly/schema/wire'
import { expect, it } from 'vitest'
import { fakeTarget } from '../../../test/fake-bmc.ts'
import { type DefaultLoginPorts, tryDefaultLogins } from './default-login.ts'
import { BmcError, type BmcTarget } from './driver.ts'

const address = '10.0.0.17'
const bmc = { address, port: null, protocol: 'auto', mac: null, credentials: null } as const
const target: BmcTarget = { ...fakeTarget, bmc }
const redfish = (vendor: string | null): ScanRow['redfish'] => ({
  version: '1.15.0',
  vendor,
  product: null,
  uuid: null,
  tlsPin: null,
})
const ipmi = (vendor: string | null): ScanRow['ipmi'] => ({ hasIpmi20: true, cipherSuites: [17], vendor })

/** Answers each sign-in with a reason to refuse it; undefined lets it in. */
function create(
  row: Partial<ScanRow> | null,
  refuse: (way: string, user: string, password: string) => string | undefined,
) {
  const asked: string[] = []
  const sealed: object[] = []
  const ports = {
    checkOrder: async () => ({ kind: 'accepted' }),
    sealing: {
      sealOnEdge: async (credentials: object) => {
        sealed.push(credentials)
        return { sealed: { ciphertext: 'sealed' } }
      },
    },
    recipients: () => [],
    sleep: async (ms: number) => void asked.push(`pause ${ms >= 1000}`),
    look: async () => row && { address, ipmi: null, redfish: null, ...row },
    signIn: async (way: string, login: { username: string; password: string }) => {
      asked.push(`${way} ${login.username}/${login.password}`)
      const reason = refuse(way, login.username, login.password)
      if (reason) throw new BmcError(reason, `It says ${reason}.`)
    },
  } as unknown as DefaultLoginPorts
  const run = async (more: Partial<DefaultLoginPorts> = {}) => {
    const command = { kind: 'bmc.default-login', machineId: 'm1', bmc, order: 'x' } as const
    const outcome = await tryDefaultLogins({ ...ports, ...more }, 'c1', command, target)
    if (outcome.kind !== 'ended') throw new Error(outcome.kind)
    return outcome.result
  }
  return { run, asked, sealed }
}

it('takes the maker’s, seals it at once, and tells nobody the password', async () => {
  const { run, asked, sealed } = create({ redfish: redfish('Dell'), ipmi: ipmi('Dell') }, () => undefined)
  const result = await run()
  expect(asked).toEqual(['redfish root/calvin'])
  expect(sealed).toEqual([{ machineId: 'm1', address, username: 'root', password: 'calvin' }])
  expect(result).toMatchObject({
    outcome: 'done',
    detail: { kind: 'default-login', address, username: 'root', driver: 'redfish' },
    message: expect.stringContaining('change it'),
  })
  expect(JSON.stringify(result)).not.toContain('calvin')
})

it('shows a wrong password to one protocol only', async () => {
  const { run, asked, sealed } = create(
    { redfish: redfish('Supermicro'), ipmi: ipmi('Supermicro') },
    () => 'wrong-password',
  )
  expect(await run()).toMatchObject({
    outcome: 'failed',
    reason: 'wrong-password',
    message: expect.stringContaining('sticker'),
    attempts: [{ driver: 'redfish', reason: 'wrong-password' }],
  })
  expect(asked).toEqual(['redfish ADMIN/ADMIN'])
  expect(sealed).toEqual([])
})

it('goes on by IPMI where Redfish does not work, and says what it ran into', async () => {
  const { run, asked } = create({ redfish: redfish('Dell'), ipmi: ipmi(null) }, (way) =>
    way === 'redfish' ? 'server-error' : undefined,
  )
  expect(await run()).toMatchObject({
    outcome: 'done',
    detail: { driver: 'ipmi' },
    attempts: [{ driver: 'redfish', reason: 'server-error' }],
  })
  expect(asked).toEqual(['redfish root/calvin', 'ipmi root/calvin'])
})

it('tries all of them once with a pause where the maker is not known, and stops at the first that is let in', async () => {
  const { run, asked } = create({ ipmi: ipmi(null) }, (_, user, password) =>
    user === 'root' && password === '0penBmc' ? undefined : 'unknown-user',
  )
  expect(await run()).toMatchObject({ outcome: 'done', detail: { username: 'root' } })
  expect(asked).toEqual([
    'ipmi ADMIN/ADMIN',
    'pause true',
    'ipmi root/calvin',
    'pause true',
    'ipmi root/0penBmc',
  ])
})

it('stops where a password has to be changed first, or where nothing works', async () => {
  const change = create({ redfish: redfish('Lenovo') }, () => 'password-change-required')
  expect(await change.run()).toMatchObject({ reason: 'password-change-required' })
  const dead = create({ ipmi: ipmi(null) }, () => 'timeout')
  expect(await dead.run()).toMatchObject({ outcome: 'failed', attempts: [{ reason: 'timeout' }] })
  expect(dead.asked).toHaveLength(1)
})

it('tries nothing where nobody answers, where each unit has its own, or without an order', async () => {
  const none = create(null, () => undefined)
  expect(await none.run()).toMatchObject({ reason: 'timeout' })
  const hpe = create({ redfish: redfish('HPE') }, () => undefined)
  expect(await hpe.run()).toMatchObject({ reason: 'no-default-login' })
  const forged = create({ redfish: redfish('Dell') }, () => undefined)
  const checkOrder: DefaultLoginPorts['checkOrder'] = async () => ({
    kind: 'refused',
    reason: 'bad-signature',
    message: 'No.',
  })
  expect(await forged.run({ checkOrder })).toMatchObject({ reason: 'bad-signature' })
  expect([...none.asked, ...hpe.asked, ...forged.asked]).toEqual([])
})
