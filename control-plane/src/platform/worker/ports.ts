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
  PlatformParts,
  'connections' | 'consoles' | 'announce' | 'live' | 'values' | 'replay' | 'limiter' | 'upgradeWebSocket'
>

/** In this isolate's memory. */
export function createWorkerPorts(clock: Clock, logError: PlatformParts['logError']): Ports {
  return {
    connections: createEdgeConnections(),
    consoles: createConsoleHub(),
    announce: (_site, act) => act(),
    live: createLiveEvents(logError),
    values: createLiveValues(),
    replay: createReplayGuard(clock),
    limiter: createRateLimiter(clock),
    upgradeWebSocket: null,
  }
}
