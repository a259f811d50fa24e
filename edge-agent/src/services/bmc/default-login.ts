import type { BmcAttempt } from '@dragonfly/schema/state'
import type { MachineCommand, ScanRow } from '@dragonfly/schema/wire'
import { type DefaultLogin, decideDefaultLogins, describeNoLogin } from '../../protocol/bmc/default-logins.ts'
import type { CommandOutcome } from '../commands/command-desk.ts'
import { createIpmiClient } from '../ipmi/index.ts'
import type { AccountPorts } from './account.ts'
import type { BmcTarget, OpenCredentials } from './driver.ts'
import { createIpmiDriver } from './drivers/ipmi.ts'
import { createRedfishDriver } from './drivers/redfish.ts'
import { describeFailure } from './reach.ts'
import { probeAddress } from './scan/probe-address.ts'

type Way = 'redfish' | 'ipmi'

export interface DefaultLoginPorts extends Pick<AccountPorts, 'checkOrder' | 'sealing' | 'recipients'> {
  sleep: (ms: number) => Promise<void>
  /** Who answers at the BMC's address, and in which protocols. */
  look?: (target: BmcTarget) => Promise<ScanRow | null>
  /** Signs in and out again; rejects with `BmcError`. */
  signIn?: (way: Way, login: DefaultLogin, target: BmcTarget) => Promise<void>
}

/** Between two passwords: BMCs count tries that come close together. */
const pauseMs = 3000
/** The password was seen, and is not right: another protocol would only count it once more. */
const refusals = new Set(['wrong-password', 'unknown-user', 'bad-credentials', 'privilege-too-low'])

/** Tries what a BMC may have left its factory with, each at most once, and seals what is let in. */
export async function tryDefaultLogins(
  ports: DefaultLoginPorts,
  commandId: string,
  { machineId, bmc, order }: Extract<MachineCommand, { kind: 'bmc.default-login' }>,
  target: BmcTarget,
): Promise<CommandOutcome> {
  const what = { action: 'default-login' } as const
  const verdict = await ports.checkOrder({ jws: order, orderId: commandId, what, target })
  if (verdict.kind === 'refused') return failed(verdict.reason, verdict.message)
  if (!bmc) return failed('no-bmc', 'No BMC is known for this machine.')
  const { address } = bmc
  const row = await (ports.look ?? look)(target)
  if (!row) return failed('timeout', `Nothing answers at ${address}, neither Redfish nor IPMI.`)
  const vendor = row.redfish?.vendor ?? row.ipmi?.vendor ?? null
  const decision = decideDefaultLogins(vendor)
  if (decision.kind === 'none') return failed('no-default-login', decision.message)
  const tried = await tryEach(ports, decision.logins, waysOf(row, target), target)
  if (!tried.login) {
    const message = tried.mustChange ? mustChange(address) : describeNoLogin(vendor)
    return failed(tried.mustChange ? 'password-change-required' : 'wrong-password', message, tried.attempts)
  }
  const { username, password } = tried.login
  const done = await ports.sealing.sealOnEdge({ machineId, address, username, password }, ports.recipients())
  if ('refused' in done) return failed(done.refused, done.message, tried.attempts)
  const message = `${tried.login.vendor}’s default login “${username}” works. Anybody can look its password up: change it.`
  const detail = { kind: 'default-login', address, username, driver: tried.way } as const
  const { attempts } = tried
  return { kind: 'ended', result: { outcome: 'done', message, attempts, detail, sealed: done.sealed } }
}

const mustChange = (address: string): string =>
  `The BMC knows its default login, and wants another password first: open https://${address}/, set one, and enter it here.`

function waysOf({ redfish, ipmi }: ScanRow, { bmc }: BmcTarget): Way[] {
  const isAllowed = (way: Way) => bmc?.protocol === 'auto' || bmc?.protocol === way
  const present: Way[] = [
    ...(redfish ? ['redfish' as const] : []),
    ...(ipmi?.hasIpmi20 ? ['ipmi' as const] : []),
  ]
  return present.filter(isAllowed)
}

type Tried =
  | { login: DefaultLogin; way: Way; attempts: BmcAttempt[]; mustChange?: never }
  | { login: null; attempts: BmcAttempt[]; mustChange: boolean }

/** Each password is shown to one protocol only; one that does not work at all is left alone from then on. */
async function tryEach(
  { sleep, signIn = signInOnce }: DefaultLoginPorts,
  logins: readonly DefaultLogin[],
  ways: Way[],
  target: BmcTarget,
): Promise<Tried> {
  const attempts: BmcAttempt[] = []
  const broken = new Set<Way>()
  for (const [index, login] of logins.entries()) {
    if (index > 0) await sleep(pauseMs)
    for (const way of ways) {
      if (broken.has(way)) continue
      try {
        await signIn(way, login, target)
        return { login, way, attempts }
      } catch (error) {
        const failure = describeFailure(way, error)
        attempts.push({ ...failure, message: `“${login.username}”: ${failure.message}`.slice(0, 2000) })
        if (failure.reason === 'password-change-required') return { login: null, attempts, mustChange: true }
        if (refusals.has(failure.reason)) break
        broken.add(way)
      }
    }
    if (broken.size === ways.length) break
  }
  return { login: null, attempts, mustChange: false }
}

async function look({ bmc }: BmcTarget): Promise<ScanRow | null> {
  if (!bmc) return null
  const client = await createIpmiClient()
  const ipmi = bmc.protocol === 'ipmi' ? (bmc.port ?? 623) : 623
  const redfish = bmc.protocol === 'redfish' ? (bmc.port ?? 443) : 443
  return probeAddress(client, bmc.address, { ipmi, redfish }).finally(() => client.close())
}

async function signInOnce(way: Way, { username, password }: DefaultLogin, target: BmcTarget): Promise<void> {
  const credentials: OpenCredentials = async () => ({ kind: 'opened', credentials: { username, password } })
  const driver = way === 'redfish' ? createRedfishDriver(credentials) : createIpmiDriver(credentials)
  try {
    await (await driver.open(target)).close()
  } finally {
    await driver.stop()
  }
}

function failed(reason: string, message: string, attempts: readonly BmcAttempt[] = []): CommandOutcome {
  return { kind: 'ended', result: { outcome: 'failed', reason, message, attempts: attempts.slice(0, 16) } }
}
