import type { Deps } from '../../deps.ts'
import { createConsoleHub } from '../../features/consoles/hub.ts'
import type { Clock } from '../../ports/index.ts'
import { createRateLimiter } from '../../rate-limit.ts'
import type { PlatformParts } from '../deps.ts'
import {
  createEdgeConnections,
  createLiveEvents,
  createLiveValues,
  createReplayGuard,
} from '../node/memory.ts'

type Ports = Pick<
  Deps,
  'connections' | 'consoles' | 'announce' | 'live' | 'values' | 'replay' | 'limiter' | 'sockets'
>

/** In this isolate's memory: no socket is opened. */
export function createWorkerPorts(clock: Clock, logError: PlatformParts['logError']): Ports {
  const refuse = () => Promise.resolve(new Response('not on this platform yet', { status: 503 }))
  return {
    connections: createEdgeConnections(() => {}),
    consoles: createConsoleHub(),
    announce: async () => {},
    live: createLiveEvents(logError),
    values: createLiveValues(),
    replay: createReplayGuard(clock),
    limiter: createRateLimiter(clock),
    sockets: { openTunnel: refuse, openEvents: refuse, openConsole: refuse, openEdgeConsole: refuse },
  }
}
