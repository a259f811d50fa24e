import { consoleAbility } from '@dragonfly/schema/wire'
import type { Deps, EdgeIdentity } from '../../deps.ts'
import { createId } from '../../ids.ts'
import type { PresentEdge } from '../../ports/index.ts'
import { readBmc, renderSiteBmc } from '../bmcs/queries.ts'
import {
  type ConsolePipe,
  type ConsoleSocket,
  createConsolePipe,
  type EdgeSide,
  type Watcher,
} from './pipe.ts'

/** The consoles that somebody looks at. */
export interface ConsoleHub {
  /** Joins the machine's console, opening it when nobody else looks. */
  watch(deps: Deps, machine: { machineId: string; siteId: string }, watcher: Watcher): ConsolePipe
  leave(machineId: string, watcher: Watcher): void
  /** The edge's side of a console that it was asked for; null when it was not. */
  attach(consoleId: string, edge: EdgeIdentity, socket: ConsoleSocket): EdgeSide | null
  /** An edge was revoked: it sees and writes no console any more. */
  dropEdge(edgeId: string): void
  /** An edge has come: what waits for one is opened. */
  edgeCame(deps: Deps, siteId: string): Promise<void>
}

interface OpenConsole {
  machineId: string
  siteId: string
  pipe: ConsolePipe
  /** What an edge was asked for last, and which one. */
  asked: { consoleId: string; edgeId: string } | null
  attachedTo: string | null
  timer: ReturnType<typeof setTimeout> | undefined
}

/** An edge that was asked opens its socket within this time, or is asked again. */
const askAgainMs = 15_000
const afterLossMs = 2_000

export function createConsoleHub(): ConsoleHub {
  const open = new Map<string, OpenConsole>()

  const later = (deps: Deps, entry: OpenConsole, delayMs: number): void => {
    clearTimeout(entry.timer)
    entry.timer = setTimeout(() => ask(deps, entry), delayMs)
  }
  const ask = (deps: Deps, entry: OpenConsole): Promise<void> =>
    askEdge(deps, entry)
      .then((isAsked) => isAsked && later(deps, entry, askAgainMs))
      .catch((error: unknown) => deps.log.error('asking for a console', { error }))
      .then(() => undefined)
  /** False when there is nobody to ask: one that comes is asked then. */
  const askEdge = async (deps: Deps, entry: OpenConsole): Promise<boolean> => {
    const { machineId, siteId, pipe } = entry
    const bmc = await readBmc(deps.db, machineId)
    if (open.get(machineId) !== entry || pipe.isAttached()) return false
    const edge = chooseEdge(await deps.connections.ofSite(siteId), bmc?.edgeId ?? null)
    if (typeof edge === 'string') {
      pipe.setState({ state: edge === awayMessage ? 'away' : 'failed', message: edge })
      return false
    }
    const consoleId = createId(deps.clock())
    entry.asked = { consoleId, edgeId: edge.edgeId }
    const frame = { consoleId, machineId, bmc: bmc ? renderSiteBmc(bmc) : null }
    await deps.connections.send(edge, { type: 'console-open', ...frame })
    return true
  }
  return {
    watch: (deps, { machineId, siteId }, watcher) => {
      const known = open.get(machineId)
      if (known) {
        known.pipe.join(watcher)
        return known.pipe
      }
      const pipe = createConsolePipe(() => {
        pipe.setState({ state: 'waiting', message: 'The connection to the site was lost: trying again.' })
        later(deps, entry, afterLossMs)
      })
      const entry: OpenConsole = { machineId, siteId, pipe, asked: null, attachedTo: null, timer: undefined }
      open.set(machineId, entry)
      pipe.join(watcher)
      void ask(deps, entry)
      return pipe
    },
    leave: (machineId, watcher) => {
      const entry = open.get(machineId)
      if (!entry) return
      entry.pipe.leave(watcher)
      if (entry.pipe.watcherCount() > 0) return
      open.delete(machineId)
      clearTimeout(entry.timer)
      entry.pipe.close(1000, 'nobody looks')
    },
    attach: (consoleId, edge, socket) => {
      const entry = [...open.values()].find(
        ({ asked }) => asked?.consoleId === consoleId && asked.edgeId === edge.edgeId,
      )
      if (!entry || entry.siteId !== edge.siteId) return null
      entry.asked = null
      entry.attachedTo = edge.edgeId
      clearTimeout(entry.timer)
      return entry.pipe.attach(socket)
    },
    dropEdge: (edgeId) => {
      for (const entry of open.values()) if (entry.attachedTo === edgeId) entry.pipe.detach('revoked')
    },
    edgeCame: async (deps, siteId) => {
      for (const entry of [...open.values()])
        if (entry.siteId === siteId && !entry.pipe.isAttached()) await ask(deps, entry)
    },
  }
}

const awayMessage = 'No edge of its site is connected: the console opens as soon as one is.'

/** The edge that reached the BMC last, else another one that is there; a sentence when there is none. */
function chooseEdge(present: readonly PresentEdge[], lastEdgeId: string | null): PresentEdge | string {
  if (present.length === 0) return awayMessage
  const able = present.filter(({ commands }) => commands.includes(consoleAbility))
  const chosen = able.find(({ edgeId }) => edgeId === lastEdgeId) ?? able[0]
  return chosen ?? 'The site’s edge is too old for consoles: update it (npx dragonfly-edge@latest).'
}
