import type { AgentFailureReason, AgentFrame, Disk, EdgeToAgentFrame } from '@dragonfly/schema/wire'

export type OrderFrame = Extract<EdgeToAgentFrame, { type: 'order' }>
type WorkStage = 'writing' | 'configuring'

export type OrderOutcome =
  | { kind: 'done' }
  | { kind: 'failed'; reason: AgentFailureReason; message: string; chunk: string | null }

/** Of the one order that a boot takes. */
export type OrderState =
  | { phase: 'idle' }
  | {
      phase: 'working'
      orderId: string
      epoch: number
      stage: WorkStage | null
      disk: Disk | null
      bytesDone: number
      bytesTotal: number
      /** The edge wants a restart as soon as the work has stopped. */
      restart: string | null
    }
  | { phase: 'ended'; orderId: string; epoch: number; outcome: OrderOutcome; taken: boolean }
  | { phase: 'restarting' }

export type OrderEvent =
  | { type: 'frame'; frame: EdgeToAgentFrame }
  | { type: 'stage'; stage: WorkStage; disk: Disk | null }
  | { type: 'progress'; bytesDone: number; bytesTotal: number }
  | { type: 'ended'; outcome: OrderOutcome }
  /** Every two seconds while a result waits to be taken. */
  | { type: 'tick' }

export type OrderEffect =
  | { type: 'send'; frame: AgentFrame }
  | { type: 'start'; order: OrderFrame }
  | { type: 'abort' }
  | { type: 'restart'; reason: string }

export interface OrderStep {
  state: OrderState
  effects: OrderEffect[]
}

/**
 * The life of a boot's only order. The machine is the arbiter between edges: a second order, or one with an
 * epoch that is not newer, is refused whoever sends it. The same order again (an edge that restarted) is answered
 * with where the work stands.
 */
export function transition(state: OrderState, event: OrderEvent): OrderStep {
  if (state.phase === 'restarting') return { state, effects: [] }
  switch (event.type) {
    case 'frame':
      return handleFrame(state, event.frame)
    case 'stage':
      if (state.phase !== 'working') return { state, effects: [] }
      return announce({ ...state, stage: event.stage, disk: event.disk })
    case 'progress':
      if (state.phase !== 'working') return { state, effects: [] }
      return report({ ...state, bytesDone: event.bytesDone, bytesTotal: event.bytesTotal })
    case 'ended':
      return end(state, event.outcome)
    case 'tick':
      return state.phase === 'ended' && !state.taken ? announce(state) : { state, effects: [] }
  }
}

function handleFrame(state: OrderState, frame: EdgeToAgentFrame): OrderStep {
  switch (frame.type) {
    case 'welcome':
      return announce(state)
    case 'order':
      return takeOrder(state, frame)
    case 'abort':
      return { state, effects: isWorkingOn(state, frame.orderId) ? [{ type: 'abort' }] : [] }
    case 'result-taken':
      if (state.phase !== 'ended' || state.orderId !== frame.orderId) return { state, effects: [] }
      return { state: { ...state, taken: true }, effects: [] }
    case 'restart':
      if (state.phase === 'working') {
        return { state: { ...state, restart: frame.reason }, effects: [{ type: 'abort' }] }
      }
      return { state: { phase: 'restarting' }, effects: [{ type: 'restart', reason: frame.reason }] }
    case 'refused':
    case 'create-bmc-account':
    case 'pong':
      return { state, effects: [] }
  }
}

function takeOrder(state: OrderState, order: OrderFrame): OrderStep {
  if (state.phase === 'idle') {
    return {
      state: {
        phase: 'working',
        orderId: order.orderId,
        epoch: order.epoch,
        stage: null,
        disk: null,
        bytesDone: 0,
        bytesTotal: 0,
        restart: null,
      },
      effects: [{ type: 'start', order }],
    }
  }
  if (state.phase === 'restarting') return { state, effects: [] }
  if (state.orderId === order.orderId && state.epoch === order.epoch) return announce(state)
  return { state, effects: [{ type: 'send', frame: refuse(order, state.epoch) }] }
}

function refuse(order: OrderFrame, epoch: number): AgentFrame {
  const message =
    order.epoch <= epoch
      ? `This machine has seen an order of epoch ${epoch}; one of epoch ${order.epoch} is not newer.`
      : 'This boot has taken another order already. Restart the machine into the ramdisk first.'
  return { type: 'failed', orderId: order.orderId, reason: 'order-refused', message, chunk: null }
}

function end(state: OrderState, outcome: OrderOutcome): OrderStep {
  if (state.phase !== 'working') return { state, effects: [] }
  const ended: OrderState = {
    phase: 'ended',
    orderId: state.orderId,
    epoch: state.epoch,
    outcome,
    taken: false,
  }
  const step = announce(ended)
  if (state.restart === null) return step
  return {
    state: { phase: 'restarting' },
    effects: [...step.effects, { type: 'restart', reason: state.restart }],
  }
}

/** What an edge needs to know about where the order stands. */
function announce(state: OrderState): OrderStep {
  if (state.phase === 'ended') {
    const { orderId, outcome } = state
    const frame: AgentFrame =
      outcome.kind === 'done'
        ? { type: 'result', orderId, outcome: 'done' }
        : { type: 'failed', orderId, reason: outcome.reason, message: outcome.message, chunk: outcome.chunk }
    return { state, effects: [{ type: 'send', frame }] }
  }
  if (state.phase !== 'working' || !state.stage) return { state, effects: [] }
  const { orderId, stage, disk } = state
  const effects: OrderEffect[] = [{ type: 'send', frame: { type: 'stage', orderId, stage, disk } }]
  return stage === 'writing' && state.bytesTotal > 0
    ? { state, effects: [...effects, ...report(state).effects] }
    : { state, effects }
}

function report(state: OrderState & { phase: 'working' }): OrderStep {
  const { orderId, bytesDone, bytesTotal } = state
  return {
    state,
    effects: [{ type: 'send', frame: { type: 'progress', orderId, bytesDone, bytesTotal } }],
  }
}

function isWorkingOn(state: OrderState, orderId: string): boolean {
  return state.phase === 'working' && state.orderId === orderId
}

/** For hello: the order this boot is at work on, or has ended. */
export function orderIdOf(state: OrderState): string | null {
  return state.phase === 'working' || state.phase === 'ended' ? state.orderId : null
}
