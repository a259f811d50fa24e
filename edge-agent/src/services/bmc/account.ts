import type { Command, SealingRecipient } from '@dragonfly/schema/wire'
import type { CommandOutcome } from '../commands/command-desk.ts'
import type { AccountAnswer } from '../ramdisk-link/bmc-accounts.ts'
import type { Sealing } from '../sealing.ts'
import type { BmcCommandPorts } from './commands.ts'
import type { BmcTarget } from './driver.ts'

export interface AccountPorts {
  checkOrder: BmcCommandPorts['checkOrder']
  sealing: Pick<Sealing, 'sealOnEdge'>
  /** Null when the machine is not in the ramdisk, or at another edge. */
  askRamdisk: (machineId: string) => Promise<AccountAnswer> | null
  recipients: () => readonly SealingRecipient[]
}

/** Has the ramdisk make an account on its machine's BMC, and seals its password at once: it goes nowhere else. */
export async function createAccount(
  { checkOrder, sealing, askRamdisk, recipients }: AccountPorts,
  commandId: string,
  { machineId, order }: Extract<Command, { kind: 'bmc.create-account' }>,
  target: BmcTarget,
): Promise<CommandOutcome> {
  const verdict = await checkOrder({ jws: order, orderId: commandId, what: { action: 'account' }, target })
  if (verdict.kind === 'refused') return failed(verdict.reason, verdict.message)
  const asked = askRamdisk(machineId)
  if (!asked)
    return failed(
      'not-in-ramdisk',
      'The machine is not in this edge’s ramdisk any more: try again when it is.',
    )
  const answer = await asked
  if (answer.kind === 'failed') return failed('account-refused', answer.message)
  const { address, username, password } = answer.account
  const done = await sealing.sealOnEdge({ machineId, address, username, password }, recipients())
  if ('refused' in done) return failed(done.refused, done.message)
  const message = `The BMC at ${address} has an account “${username}” now.`
  const detail = { kind: 'account', address, username } as const
  return { kind: 'ended', result: { outcome: 'done', message, detail, sealed: done.sealed } }
}

function failed(reason: string, message: string): CommandOutcome {
  return { kind: 'ended', result: { outcome: 'failed', reason, message } }
}
