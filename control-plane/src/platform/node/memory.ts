import type { LiveEvent } from '@dragonfly/schema/api'
import type { Log } from '@dragonfly/schema/log'
import {
  type Clock,
  type DeploymentProgress,
  type EdgeFetches,
  type ImageProgress,
  imageKey,
  type LiveEvents,
  type LiveValues,
  type LocalConnections,
  type LocalTunnel,
  type ReplayGuard,
} from '../../ports/index.ts'

/** One process holds all tunnels. `onCut`: what else of an edge that is disconnected ends. */
export function createEdgeConnections(onCut: (edgeId: string) => void): LocalConnections {
  const byEdge = new Map<string, LocalTunnel>()
  const ofSite = (siteId: string) =>
    [...byEdge.values()]
      .filter((tunnel) => tunnel.siteId === siteId)
      .sort((a, b) => (a.edgeId < b.edgeId ? -1 : 1))
  return {
    add(tunnel) {
      const before = byEdge.get(tunnel.edgeId)
      byEdge.set(tunnel.edgeId, tunnel)
      before?.cut('replaced')
    },
    remove(tunnel) {
      if (byEdge.get(tunnel.edgeId) === tunnel) byEdge.delete(tunnel.edgeId)
    },
    count: () => byEdge.size,
    connected: async () => new Set(byEdge.keys()),
    ofSite: async (siteId) => ofSite(siteId).map(({ edgeId, commands }) => ({ edgeId, siteId, commands })),
    send: async ({ edgeId }, frame) => byEdge.get(edgeId)?.send(frame),
    sendToSite: async (siteId, frame) => {
      for (const tunnel of ofSite(siteId)) tunnel.send(frame)
    },
    disconnect: async ({ edgeId }, why) => {
      byEdge.get(edgeId)?.cut(why)
      onCut(edgeId)
    },
  }
}

export function createLiveEvents(log: Log): LiveEvents {
  const listeners = new Set<(event: LiveEvent) => void>()
  return {
    publish(events) {
      for (const event of events) {
        for (const listener of listeners) {
          try {
            listener(event)
          } catch (error) {
            log.error('a live event could not be delivered', { error })
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
    count: async () => listeners.size,
  }
}

export function createLiveValues(): LiveValues {
  const images = new Map<string, ImageProgress>()
  const fetches = new Map<string, EdgeFetches>()
  const deployments = new Map<string, DeploymentProgress>()
  return {
    setImage: (edgeId, imageId, progress) => void images.set(imageKey(edgeId, imageId), progress),
    images: async () => images,
    clearImage: (edgeId, imageId) => void images.delete(imageKey(edgeId, imageId)),
    setFetches: (edgeId, news) => void fetches.set(edgeId, news),
    fetches: async () => fetches,
    clearFetches: (edgeId) => void fetches.delete(edgeId),
    setDeployment: (deploymentId, progress) => void deployments.set(deploymentId, progress),
    deployments: async () => deployments,
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
