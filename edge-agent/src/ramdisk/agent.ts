import type { AgentFrame, EdgeToAgentFrame, Inventory } from '@dragonfly/schema/wire'
import type { AccountOutcome } from './bmc-account.ts'
import type { BootRecord } from './boot-record.ts'
import { describeError } from './failure.ts'
import type { Link } from './link.ts'
import type { Log } from './log.ts'
import type { OrderOutcome, OrderState } from './order.ts'
import { type OrderEffect, type OrderEvent, type OrderFrame, orderIdOf, transition } from './order.ts'

interface WorkEvents {
  onStage: (event: Omit<Extract<OrderEvent, { type: 'stage' }>, 'type'>) => void
  onProgress: (bytesDone: number, bytesTotal: number) => void
}

export interface AgentDeps {
  log: Log
  /** The machine and its edge, for the person at the screen. */
  title: () => string
  /** The order that this boot had taken before the agent was started again. */
  recalled: BootRecord | null
  remember: (record: BootRecord) => void
  perform: (order: OrderFrame, signal: AbortSignal, events: WorkEvents) => Promise<OrderOutcome>
  restart: (reason: string) => Promise<void>
  /** An account on this machine's BMC, with a password that is told to nobody but the edge. */
  createBmcAccount: (username: string) => Promise<AccountOutcome>
}

export interface Agent {
  /** For hello. */
  orderId(): string | null
  handleFrame(frame: EdgeToAgentFrame): void
  handleLost(reason: string): void
  handleInventory(inventory: Inventory): void
  /** Sends what waits in the log; to be called every 250 ms. */
  flushLog(): void
  /** Repeats a result that was not taken; to be called every 2 s. */
  tick(): void
}

const batchLines = 200

/** Joins the order's life with the link, the log and the work. `link` is asked for late, since it needs the agent. */
export function createAgent(deps: AgentDeps, link: () => Link | null): Agent {
  const { log } = deps
  let state: OrderState = deps.recalled ? recallState(deps.recalled) : { phase: 'idle' }
  let work: AbortController | null = null
  let inventory: Inventory | null = null
  let connected = false
  let outageTold = false

  const send = (frame: AgentFrame): boolean => link()?.send(frame) ?? false

  function dispatch(event: OrderEvent): void {
    const step = transition(state, event)
    state = step.state
    for (const effect of step.effects) act(effect)
  }

  function act(effect: OrderEffect): void {
    switch (effect.type) {
      case 'send':
        if (effect.frame.type === 'failed' && effect.frame.reason === 'order-refused') {
          log.warning(`order ${effect.frame.orderId} refused: ${effect.frame.message}`)
        }
        send(effect.frame)
        return
      case 'start':
        start(effect.order)
        return
      case 'abort':
        log.warning('the edge stopped the work')
        work?.abort()
        return
      case 'restart':
        log.info(`restarting: ${effect.reason}`)
        flushLog()
        deps.restart(effect.reason).catch((error) => log.error(`restart: ${describeError(error)}`))
    }
  }

  function start(order: OrderFrame): void {
    deps.remember({ orderId: order.orderId, epoch: order.epoch })
    log.info(`order ${order.orderId}: ${order.plan.actions.map(({ action }) => action).join(', ')}`)
    const controller = new AbortController()
    work = controller
    const events: WorkEvents = {
      onStage: (stage) => dispatch({ type: 'stage', ...stage }),
      onProgress: (bytesDone, bytesTotal) => dispatch({ type: 'progress', bytesDone, bytesTotal }),
    }
    deps
      .perform(order, controller.signal, events)
      .catch((error): OrderOutcome => {
        const message = `The ramdisk agent failed: ${describeError(error)}.`
        return { kind: 'failed', reason: 'internal', message, chunk: null }
      })
      .then((outcome) => finish(outcome))
      .catch((error) => log.error(describeError(error)))
  }

  function finish(outcome: OrderOutcome): void {
    work = null
    if (outcome.kind === 'done') log.info(`${deps.title()} · done, waiting for the edge to restart it`)
    else log.error(`${outcome.reason}: ${outcome.message}`)
    dispatch({ type: 'ended', outcome })
  }

  function flushLog(): void {
    for (let batches = 0; batches < 10 && link()?.ready(); batches++) {
      const lines = log.take(batchLines)
      if (lines.length === 0) return
      send({ type: 'log', lines })
    }
  }

  function welcome(nowMs: number): void {
    log.setClock(nowMs)
    connected = true
    outageTold = false
    if (state.phase === 'idle') log.info(`${deps.title()} · waiting for work`)
    else log.info(`${deps.title()} · connected again`)
    if (inventory) send({ type: 'inventory', inventory })
  }

  async function makeAccount(requestId: string, username: string): Promise<void> {
    const outcome = await deps.createBmcAccount(username)
    const account = outcome.kind === 'made' ? outcome.account : null
    if (outcome.kind === 'made')
      log.info(`the BMC at ${outcome.account.address} has an account “${username}” now`)
    else log.warning(`no account on the BMC: ${outcome.message}`)
    const message = outcome.kind === 'failed' ? outcome.message : null
    send({ type: 'bmc-account', requestId, account, message })
  }

  return {
    orderId: () => orderIdOf(state),
    handleFrame(frame) {
      if (frame.type === 'welcome') welcome(frame.now)
      if (frame.type === 'pong') log.markPong()
      if (frame.type === 'refused') {
        log.error(`The edge refused this boot (${frame.reason}): ${frame.message} Asking again every 10 s.`)
      }
      if (frame.type === 'create-bmc-account')
        makeAccount(frame.requestId, frame.username).catch((error) => log.error(describeError(error)))
      dispatch({ type: 'frame', frame })
    },
    handleLost(reason) {
      if (!outageTold && reason !== 'refused') {
        const what = connected ? 'the edge is gone' : 'the edge can’t be reached'
        log.warning(`${what} (${reason}); trying again`)
        outageTold = true
      }
      connected = false
      log.rewind()
    },
    handleInventory(latest) {
      inventory = latest
      send({ type: 'inventory', inventory })
    },
    flushLog,
    tick: () => dispatch({ type: 'tick' }),
  }
}

function recallState(record: BootRecord): OrderState {
  const message = 'The ramdisk agent broke off in the middle of its work, and was started again.'
  return {
    phase: 'ended',
    ...record,
    outcome: { kind: 'failed', reason: 'internal', message, chunk: null },
    taken: false,
  }
}
