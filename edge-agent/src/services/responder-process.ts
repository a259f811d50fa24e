import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DhcpLease } from '@dragonfly/schema/wire'
import { type SupervisedChild, superviseChild } from '../io/child-process.ts'
import type { BootView } from '../protocol/boot-view.ts'
import type { Problems } from './problems.ts'
import { fromResponderSchema, type SeenBootEvent } from './responder-messages.ts'

export interface ResponderProcessOptions {
  dataDir: string
  /** Other ports than the agreed ones, for tests without privileges. */
  ports?: Record<string, number>
  onEvent: (event: SeenBootEvent) => void
  onLeases: (leases: DhcpLease[]) => void
  problems: Problems
  random: () => number
}

/** The boot responder's process: it runs while an interface is served, and always has the last view. */
export interface ResponderProcess {
  /** Resolves when the view was sent. Does nothing once stopped. */
  publish(view: BootView): Promise<void>
  counters(): Record<string, number>
  listeners(): string[]
  stop(): Promise<void>
  /** Lets go of the process, which serves on with the last view. */
  leave(): Promise<void>
}

const moduleUrl = new URL('./boot/main.ts', import.meta.url)
const processProblem = 'boot-responder-died'

export function createResponderProcess(options: ResponderProcessOptions): ResponderProcess {
  const { problems } = options
  // Absolute: by its name the next responder knows this one.
  const stateFile = resolve(options.dataDir, 'boot-view.json')
  let child: SupervisedChild | null = null
  let view: BootView | null = null
  let counters: Record<string, number> = {}
  let listeners: string[] = []
  // It outlives a supervisor that crashed, and may be at work still.
  let leftBehind = existsSync(`${stateFile}.pid`)
  // A view that was on its way when the edge stopped must not start a process that nobody ends.
  let stopped = false

  const takeEvent = (event: SeenBootEvent | null): void => {
    if (event) options.onEvent(event)
  }
  const handle = (message: unknown): void => {
    const parsed = fromResponderSchema.safeParse(message)
    if (!parsed.success) return
    const said = parsed.data
    if (said.type === 'events') said.events.forEach(takeEvent)
    else if (said.type === 'leases') options.onLeases(said.leases)
    else if (said.type === 'stats') counters = said.counters
    else if (said.type === 'problem') void problems.raise(said.problem, `boot:${said.about}`, said.message)
    else if (said.type === 'problem-cleared') void problems.clear(`boot:${said.about}`)
    else {
      listeners = said.listeners
      void problems.clear('boot-responder', processProblem)
    }
  }
  const start = (): SupervisedChild =>
    superviseChild({
      module: moduleUrl,
      args: ['--state', stateFile, ...(options.ports ? ['--ports', JSON.stringify(options.ports)] : [])],
      onStart: (started) => view && void started.send({ type: 'view', view }),
      onMessage: handle,
      onDied: (how) =>
        void problems.raise(
          processProblem,
          'boot-responder',
          `The boot responder ended (${how}) and is being started again. If this stays, read the edge’s log.`,
        ),
      random: options.random,
    })
  const end = async (): Promise<void> => {
    const ending = child
    child = null
    listeners = []
    await ending?.stop()
  }
  return {
    publish: async (next) => {
      if (stopped) return
      view = next
      const isServing = next.interfaces.length > 0
      if (!child && (isServing || leftBehind)) child = start()
      else await child?.send({ type: 'view', view: next })
      leftBehind = false
      if (!isServing) await end()
    },
    counters: () => counters,
    listeners: () => listeners,
    stop: () => {
      stopped = true
      return end()
    },
    leave: async () => {
      stopped = true
      child?.leave()
      child = null
    },
  }
}
