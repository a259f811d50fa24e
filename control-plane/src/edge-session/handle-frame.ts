import { edges } from '@dragonfly/schema/db'
import { type EdgeFrame, maxFrameBytes } from '@dragonfly/schema/wire'
import { eq } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { sendPendingScans } from '../features/bmc-scans/dispatch.ts'
import { sendPendingCommands } from '../features/commands/dispatch.ts'
import { parseFrame, type ReceivedFrame } from './frame.ts'
import { agreeProtocol, takeAppliedState, takeHello } from './greeting.ts'
import { takeEntries } from './journal.ts'
import { applySamples, applySensors } from './samples.ts'
import { applyTelemetry } from './telemetry.ts'
import { closeCodes, type Tunnel } from './tunnel.ts'

const lastSeenEveryMs = 30_000

/** Why a message is refused before anybody looks into it; null when it is text of a bearable size. */
export function refuseMessage(data: unknown): { code: number; reason: string } | null {
  if (typeof data !== 'string') return { code: closeCodes.protocol, reason: 'text frames only' }
  if (data.length > maxFrameBytes) return { code: closeCodes.tooLarge, reason: 'frame too large' }
  return null
}

/** Handles one message of an edge. Its holder calls this for one after the other; a surprise throws. */
export function handleMessage(deps: Deps, tunnel: Tunnel, text: string): Promise<void> {
  return handleMessages(deps, tunnel, [text])
}

/** Handles messages that wait, in their order. What sensors tell, one frame for each machine, is taken in together. */
export async function handleMessages(deps: Deps, tunnel: Tunnel, texts: readonly string[]): Promise<void> {
  let sensors: Extract<ReceivedFrame, { type: 'sensors' }>[] = []
  const takeSensors = async () => {
    const taken = sensors
    sensors = []
    if (taken.length > 0) await applySensors(deps, tunnel.edge, taken)
  }
  for (const text of texts) {
    if (tunnel.isClosed()) return
    const frame = parseFrame(text)
    if (!frame) {
      deps.metrics.count('dragonfly_bad_frames_total')
      continue
    }
    tunnel.heard()
    await noteSeen(deps, tunnel)
    if (frame.type === 'sensors' && tunnel.state().isGreeted) {
      sensors.push(frame)
      continue
    }
    await takeSensors()
    await handleFrame(deps, tunnel, frame)
  }
  await takeSensors()
}

/** The tunnel is gone: called once by its holder. */
export function handleEnd(deps: Deps, tunnel: Tunnel): void {
  if (!tunnel.state().isGreeted) return
  deps.log.info('an edge’s tunnel ended', { ...tunnel.edge })
  publishEdge(deps, tunnel.edge)
}

async function noteSeen(deps: Deps, tunnel: Tunnel): Promise<void> {
  const now = deps.clock()
  const state = tunnel.state()
  if (now - state.notedAt < lastSeenEveryMs) return
  tunnel.keep({ ...state, notedAt: now })
  await deps.db.update(edges).set({ lastSeenAt: now }).where(eq(edges.edgeId, tunnel.edge.edgeId))
}

async function handleFrame(deps: Deps, tunnel: Tunnel, frame: ReceivedFrame): Promise<void> {
  const { edge } = tunnel
  const { isGreeted } = tunnel.state()
  if (frame.type === 'hello') {
    if (isGreeted) return tunnel.close(closeCodes.protocol, 'a second hello')
    return greet(deps, tunnel, frame)
  }
  if (!isGreeted) return tunnel.close(closeCodes.protocol, 'hello comes first')
  switch (frame.type) {
    case 'journal':
      return tunnel.send({
        type: 'ack',
        journalId: frame.journalId,
        seq: await takeEntries(deps, edge, frame.journalId, frame.entries),
      })
    case 'telemetry':
      return applyTelemetry(deps, edge, frame)
    case 'samples':
      return applySamples(deps, edge, frame)
    case 'sensors':
      return applySensors(deps, edge, [frame])
    case 'state-applied':
      return takeAppliedState(deps, edge, frame)
    case 'ping':
      return tunnel.send({ type: 'pong' })
  }
}

async function greet(
  deps: Deps,
  tunnel: Tunnel,
  hello: Extract<EdgeFrame, { type: 'hello' }>,
): Promise<void> {
  const { edge } = tunnel
  const agreed = agreeProtocol(hello)
  if ('incompatible' in agreed) {
    deps.log.warn('an edge’s version does not fit', { ...edge, version: hello.version })
    tunnel.send(agreed.incompatible)
    return tunnel.close(closeCodes.incompatible, 'incompatible')
  }
  const greeting = await takeHello(deps, edge, hello)
  if (greeting.kind === 'revoked') return tunnel.close(closeCodes.revoked, 'revoked')
  if (tunnel.isClosed()) return
  const commands = hello.commands ?? []
  tunnel.keep({ ...tunnel.state(), isGreeted: true, commands })
  tunnel.admit()
  deps.log.info('an edge connected', { ...edge, version: hello.version, protocol: agreed.protocol })
  const { ackedSeq, staleAt } = greeting
  tunnel.send({ type: 'welcome', protocol: agreed.protocol, ackedSeq, now: deps.clock() })
  if (staleAt !== null)
    tunnel.send({ type: 'state-changed', generation: deps.identity.generation, version: staleAt })
  publishEdge(deps, edge)
  await sendPendingCommands(deps, { ...edge, commands })
  await sendPendingScans(deps, { ...edge, commands })
  await deps.consoles.edgeCame(deps, edge.siteId)
}

function publishEdge(deps: Deps, edge: EdgeIdentity): void {
  deps.live.publish([
    { type: 'changed', entity: 'edge', id: edge.edgeId },
    { type: 'changed', entity: 'site', id: edge.siteId },
  ])
}
