import type { Command, MediaAction } from '@dragonfly/schema/wire'
import type { CommandOutcome } from '../commands/command-desk.ts'
import type { BmcCommandPorts } from './commands.ts'
import { BmcError, type BmcTarget } from './driver.ts'

const longestImage = 4000

/** Fills or empties the virtual CD drive as a signed order says, and looks what is in it. */
export async function handleMedia(
  { reach, checkOrder }: Pick<BmcCommandPorts, 'reach' | 'checkOrder'>,
  commandId: string,
  { change }: Extract<Command, { kind: 'bmc.media' }>,
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
  const { value, driver, attempts } = await reach.use(target, 'virtualMedia', async ({ virtualMedia }) => {
    if (!virtualMedia) throw new BmcError('not-supported', 'It has no virtual CD drive.')
    if (change?.what.action === 'insert-media') await virtualMedia.insert(change.what.url)
    if (change?.what.action === 'eject-media') await virtualMedia.eject()
    return virtualMedia.read()
  })
  const image = value.image?.slice(0, longestImage) ?? null
  const message = describe(change?.what ?? null, image)
  const detail = { kind: 'virtual-media', image, driver } as const
  return { kind: 'ended', result: { outcome: 'done', message, attempts, detail } }
}

function describe(what: MediaAction | null, image: string | null): string {
  if (what?.action === 'insert-media' && image === null)
    return 'The BMC took the disc, and shows none yet: it may still be fetching it. Look again.'
  if (what?.action === 'eject-media' && image !== null) return `The BMC was asked, and still shows ${image}.`
  return image === null ? 'The virtual drive is empty.' : `In the virtual drive: ${image}`
}
