import type { Command } from '@dragonfly/schema/wire'
import type { CommandOutcome } from '../commands/command-desk.ts'
import type { BmcCommandPorts } from './commands.ts'
import { BmcError, type BmcTarget } from './driver.ts'

/** Limits a machine's draw as a signed order says, or lifts the limit; answers with what is in force then. */
export async function handlePowerLimit(
  { reach, checkOrder }: Pick<BmcCommandPorts, 'reach' | 'checkOrder'>,
  commandId: string,
  { change }: Extract<Command, { kind: 'bmc.power-limit' }>,
  target: BmcTarget,
): Promise<CommandOutcome> {
  if (change) {
    const { what, order } = change
    const verdict = await checkOrder({ jws: order, orderId: commandId, what, target })
    if (verdict.kind === 'refused') {
      const { reason, message } = verdict
      return { kind: 'ended', result: { outcome: 'failed', reason, message } }
    }
  }
  const found = await reach.use(target, 'powerDraw', async ({ powerLimit }) => {
    if (!powerLimit) throw new BmcError('not-supported', 'It can’t limit the machine’s draw.')
    if (change) await powerLimit.set(change.what.watts)
    return powerLimit.read()
  })
  const { value: watts, driver, attempts } = found
  const message = describe(change ? change.what.watts : undefined, watts)
  const detail = { kind: 'power-limit', watts, driver } as const
  return { kind: 'ended', result: { outcome: 'done', message, attempts, detail } }
}

/** `wished`: undefined where it was only read. */
function describe(wished: number | null | undefined, watts: number | null): string {
  const now = watts === null ? 'The machine may draw what it needs.' : `It is kept below ${watts} W.`
  return wished === undefined || wished === watts ? now : `The BMC was asked, and says: ${now}`
}
