import { verifyRecipients } from '@dragonfly/schema/sealing'
import type { Command } from '@dragonfly/schema/wire'
import type { CommandOutcome } from '../commands/command-desk.ts'
import { refuseCredentials } from '../sealed-credentials.ts'
import type { Sealing } from '../sealing.ts'
import type { BmcCommandPorts } from './commands.ts'
import type { BmcTarget } from './driver.ts'

/** Seals a machine's credentials for those that a signed order names. The clear text stays where it is opened. */
export async function reseal(
  {
    sealing,
    checkOrder,
  }: Pick<BmcCommandPorts, 'checkOrder'> & { sealing: Pick<Sealing, 'resealCredentials'> },
  commandId: string,
  { bmc, recipients, order }: Extract<Command, { kind: 'credentials.reseal' }>,
  target: BmcTarget,
): Promise<CommandOutcome> {
  const checked = await verifyRecipients(recipients)
  if (checked.kind === 'refused') {
    const { refused, message } = refuseCredentials('recipient-not-signed')
    return failed(refused, message)
  }
  const kids = checked.keys.map(({ kid }) => kid).sort()
  const verdict = await checkOrder({
    jws: order,
    orderId: commandId,
    what: { action: 'reseal', kids },
    target,
  })
  if (verdict.kind === 'refused') return failed(verdict.reason, verdict.message)
  const done = await sealing.resealCredentials(bmc?.credentials, recipients)
  if ('refused' in done) return failed(done.refused, done.message)
  return { kind: 'ended', result: { outcome: 'done', sealed: done.sealed } }
}

function failed(reason: string, message: string): CommandOutcome {
  return { kind: 'ended', result: { outcome: 'failed', reason, message } }
}
