import type { Log } from '@dragonfly/schema/log'
import { createConsoleHub } from '../../../features/consoles/hub.ts'
import { type EdgeConnections, imageKey, type LiveEvents, type LiveValues } from '../../../ports/index.ts'
import type { PlatformParts } from '../../deps.ts'
import { guardObject, liveObject, type ObjectBindings } from './bindings.ts'
import { createRemoteSockets } from './sockets.ts'
import { createTelling, type Tell } from './telling.ts'

export type ObjectPorts = Pick<
  PlatformParts,
  | 'connections'
  | 'consoles'
  | 'announce'
  | 'tendCommandsAt'
  | 'live'
  | 'values'
  | 'replay'
  | 'limiter'
  | 'sockets'
>

/** What is kept in Durable Objects, seen from anywhere else. */
export function createObjectPorts(env: ObjectBindings, log: Log): ObjectPorts {
  const tell = createTelling(env, log)
  return {
    connections: createRemoteConnections(env),
    // Consoles are in their sites' objects, with a hub each; here is none.
    consoles: createConsoleHub(),
    announce: (siteId) => env.SITES.getByName(siteId).announce(siteId),
    tendCommandsAt: (siteId, at) => env.SITES.getByName(siteId).tendCommandsAt(siteId, at),
    live: createRemoteEvents(env, tell),
    values: createRemoteValues(env, tell, log),
    replay: { take: async (key, expiresAt) => guardObject(env, key).take(key, expiresAt) },
    limiter: { take: async (key, limit, windowMs) => guardObject(env, key).count(key, limit, windowMs) },
    sockets: createRemoteSockets(env),
  }
}

export function createRemoteConnections(env: ObjectBindings): EdgeConnections {
  return {
    connected: async () => new Set(await liveObject(env).connected()),
    ofSite: async (siteId) => env.SITES.getByName(siteId).present(),
    send: async ({ edgeId, siteId }, frame) =>
      env.SITES.getByName(siteId).sendFrame(edgeId, JSON.stringify(frame)),
    sendToSite: async (siteId, frame) => env.SITES.getByName(siteId).sendFrame(null, JSON.stringify(frame)),
    disconnect: async ({ edgeId, siteId }, reason) => env.SITES.getByName(siteId).cut(edgeId, reason),
  }
}

function createRemoteEvents(env: ObjectBindings, tell: Tell): LiveEvents {
  return {
    publish: (events) => tell(events.map((event) => ({ kind: 'event', event }))),
    subscribe: () => {
      throw new Error('people’s sockets are in Durable Objects: there is nothing to subscribe to here')
    },
    count: async () => liveObject(env).count(),
  }
}

function createRemoteValues(env: ObjectBindings, tell: Tell, log: Log): LiveValues {
  // They may be lost: nothing that can be told without them fails for want of them.
  const orNone = <K, V>(asked: Promise<Map<K, V>>): Promise<ReadonlyMap<K, V>> =>
    asked.catch((error: unknown) => {
      log.error('live values could not be read', { error })
      return new Map<K, V>()
    })
  return {
    setImage: (edgeId, imageId, progress) =>
      tell([{ kind: 'image', key: imageKey(edgeId, imageId), progress }]),
    images: () => orNone(Promise.resolve(liveObject(env).images())),
    clearImage: (edgeId, imageId) =>
      tell([{ kind: 'image', key: imageKey(edgeId, imageId), progress: null }]),
    setDeployment: (deploymentId, progress) => tell([{ kind: 'deployment', deploymentId, progress }]),
    deployments: async (ids) =>
      ids.length === 0 ? new Map() : orNone(Promise.resolve(liveObject(env).deployments([...ids]))),
    clearDeployment: (deploymentId) => tell([{ kind: 'deployment', deploymentId, progress: null }]),
  }
}
