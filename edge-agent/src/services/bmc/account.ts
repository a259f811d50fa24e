import { randomInt } from 'node:crypto'
import type { Command, SealingRecipient } from '@dragonfly/schema/wire'
import { makeBmcPassword } from '../../codec/bmc-password.ts'
import type { CommandOutcome } from '../commands/command-desk.ts'
import type { AccountAnswer } from '../ramdisk-link/bmc-accounts.ts'
import type { Sealing } from '../sealing.ts'
import type { BmcCommandPorts } from './commands.ts'
import { BmcAttemptError, BmcError, type BmcTarget } from './driver.ts'
import type { BmcReach } from './reach.ts'

export interface AccountPorts {
  checkOrder: BmcCommandPorts['checkOrder']
  sealing: Pick<Sealing, 'sealOnEdge'>
  reach: Pick<BmcReach, 'use'>
  /** Null when the machine is not in the ramdisk, or at another edge. */
  askRamdisk: (machineId: string) => Promise<AccountAnswer> | null
  recipients: () => readonly SealingRecipient[]
}

/**
 * Makes an account on a machine's BMC, and seals its password at once: it goes nowhere else. Over the LAN where a login
 * is known that works, else by the machine's ramdisk.
 */
export async function createAccount(
  ports: AccountPorts,
  commandId: string,
  { machineId, order }: Extract<Command, { kind: 'bmc.create-account' }>,
  target: BmcTarget,
): Promise<CommandOutcome> {
  const { checkOrder, sealing, recipients } = ports
  const verdict = await checkOrder({ jws: order, orderId: commandId, what: { action: 'account' }, target })
  if (verdict.kind === 'refused') return failed(verdict.reason, verdict.message)
  const answer = await makeOutOfBand(ports, target).catch(async (error: unknown) => {
    if (!(error instanceof BmcAttemptError)) throw error
    return (await ports.askRamdisk(machineId)) ?? { kind: 'unreachable' as const, error }
  })
  if (answer.kind === 'unreachable') {
    const { attempts } = answer.error
    if (attempts.length === 0) return failed('not-in-ramdisk', notInRamdisk)
    return failed(attempts[0]?.reason ?? 'no-driver', answer.error.message, attempts)
  }
  if (answer.kind === 'failed') return failed('account-refused', answer.message)
  const { address, username, password } = answer.account
  const done = await sealing.sealOnEdge({ machineId, address, username, password }, recipients())
  if ('refused' in done) return failed(done.refused, done.message)
  const message = `The BMC at ${address} has an account “${username}” now.`
  const detail = { kind: 'account', address, username } as const
  return { kind: 'ended', result: { outcome: 'done', message, detail, sealed: done.sealed } }
}

const notInRamdisk = 'The machine is not in this edge’s ramdisk any more: try again when it is.'

/** @throws BmcAttemptError where no login works, without attempts where none is known. */
async function makeOutOfBand({ reach }: AccountPorts, target: BmcTarget): Promise<AccountAnswer> {
  const { bmc } = target
  if (!bmc?.credentials) throw new BmcAttemptError('account', [])
  const password = makeBmcPassword((below) => randomInt(below))
  const { value: username } = await reach.use(target, 'account', async (session) => {
    if (!session.setAccount) throw new BmcError('not-supported', 'It can’t make accounts.')
    // The one that logs in stays as it is: should the answer be lost, it still opens the door.
    const name = session.username === names[0] ? names[1] : names[0]
    await session.setAccount({ username: name, password })
    return name
  })
  return { kind: 'made', account: { address: bmc.address, username, password } }
}

const names = ['dragonfly', 'dragonfly2'] as const

function failed(reason: string, message: string, attempts: BmcAttemptError['attempts'] = []): CommandOutcome {
  const more = attempts.length > 0 ? { attempts: attempts.slice(0, 16) } : {}
  return { kind: 'ended', result: { outcome: 'failed', reason, message, ...more } }
}
