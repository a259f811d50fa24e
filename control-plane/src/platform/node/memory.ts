import type { LiveEvent } from '@dragonfly/schema/api'
import type {
  Clock,
  EdgeConnection,
  EdgeConnections,
  ImageProgress,
  LiveEvents,
  LiveValues,
  ReplayGuard,
} from '../../ports/index.ts'

/** One process holds all tunnels. */
export function createEdgeConnections(): EdgeConnections {
  const byEdge = new Map<string, EdgeConnection>()
  return {
    add(connection) {
      const before = byEdge.get(connection.edgeId)
      byEdge.set(connection.edgeId, connection)
      before?.close('replaced by a newer tunnel')
    },
    remove(connection) {
      if (byEdge.get(connection.edgeId) === connection) byEdge.delete(connection.edgeId)
    },
    isConnected: (edgeId) => byEdge.has(edgeId),
    ofSite: (siteId) =>
      [...byEdge.values()]
        .filter((connection) => connection.siteId === siteId)
        .sort((a, b) => (a.edgeId < b.edgeId ? -1 : 1)),
    sendToSite(siteId, frame) {
      for (const connection of byEdge.values()) if (connection.siteId === siteId) connection.send(frame)
    },
    disconnect: (edgeId, reason) => byEdge.get(edgeId)?.close(reason),
    count: () => byEdge.size,
  }
}

export function createLiveEvents(logError: (message: string, error: unknown) => void): LiveEvents {
  const listeners = new Set<(event: LiveEvent) => void>()
  return {
    publish(events) {
      for (const event of events) {
        for (const listener of listeners) {
          try {
            listener(event)
          } catch (error) {
            logError('a live event could not be delivered', error)
          }
        }
      }
    },
    subscribe(listener) {
      // A wrapper of its own, so that subscribing the same function twice gives two subscriptions.
      const own = (event: LiveEvent) => listener(event)
      listeners.add(own)
      return () => listeners.delete(own)
    },
    count: () => listeners.size,
  }
}

export function createLiveValues(): LiveValues {
  const images = new Map<string, ImageProgress>()
  const deployments = new Map<string, { bytesDone: number; bytesTotal: number }>()
  const key = (edgeId: string, imageId: string) => `${edgeId} ${imageId}`
  return {
    setImage: (edgeId, imageId, progress) => void images.set(key(edgeId, imageId), progress),
    image: (edgeId, imageId) => images.get(key(edgeId, imageId)),
    clearImage: (edgeId, imageId) => void images.delete(key(edgeId, imageId)),
    setDeployment: (deploymentId, progress) => void deployments.set(deploymentId, progress),
    deployment: (deploymentId) => deployments.get(deploymentId),
    clearDeployment: (deploymentId) => void deployments.delete(deploymentId),
  }
}

/** Forgets at a restart: a token lives for a minute or two, and is of use for one kind of request only. */
export function createReplayGuard(clock: Clock): ReplayGuard {
  const taken = new Map<string, number>()
  let sweepAt = 0
  return {
    async take(key, expiresAt) {
      const now = clock()
      if (now >= sweepAt) {
        for (const [old, expiry] of taken) if (expiry <= now) taken.delete(old)
        sweepAt = now + 60_000
      }
      if (taken.has(key)) return false
      taken.set(key, expiresAt)
      return true
    },
  }
}
