import { createEventStreamParser, type RedfishEvent } from '../../protocol/redfish/event-stream.ts'
import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import { linkAt, parsePath, valueAt } from '../../protocol/redfish/resource.ts'
import { readIfThere } from './resources.ts'
import type { RedfishSession } from './session.ts'

/**
 * Follows what the BMC tells by server-sent events, until `signal` or the BMC ends it. Rejects with `not-supported`
 * where it offers no stream: most BMCs only deliver events to a server of ours, or are polled.
 */
export async function followEvents(
  session: RedfishSession,
  handlers: { event: (event: RedfishEvent) => void; opened?: () => void },
  signal: AbortSignal,
): Promise<void> {
  const service = await readIfThere(session, linkAt(session.root, 'EventService'))
  const path = service ? parsePath(valueAt(service, 'ServerSentEventUri')) : null
  if (path === null) throw new RedfishError('not-supported', 'This BMC offers no stream of events.')
  const parser = createEventStreamParser()
  await session.follow(
    path,
    {
      opened: handlers.opened,
      chunk: (chunk) => {
        for (const event of parser.push(chunk)) handlers.event(event)
      },
    },
    signal,
  )
}
