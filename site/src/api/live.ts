import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { fetchWork, recordProgress } from '../features/deployments/rate-store.ts'
import {
  applyChanges,
  applyEdgeProgress,
  applyImageProgress,
  applyProgress,
  applyReadings,
} from './live-cache.ts'
import { type ChangedEntity, type LiveEvent, parseLiveEvent, reconnectDelayMs } from './live-event.ts'
import { keys } from './queries.ts'
import type { EdgeFetch } from './views.ts'

export type LiveStatus = 'connecting' | 'live' | 'waiting'

const beatMs = 250

let status: LiveStatus = 'connecting'
const statusListeners = new Set<() => void>()
const logListeners = new Map<string, Set<() => void>>()

function setStatus(next: LiveStatus): void {
  if (status === next) return
  status = next
  for (const listener of statusListeners) listener()
}

export function useLiveStatus(): LiveStatus {
  return useSyncExternalStore(
    (listener) => {
      statusListeners.add(listener)
      return () => statusListeners.delete(listener)
    },
    () => status,
  )
}

/** Calls back when a machine has new log lines. Answers with the way to stop. */
export function onMachineLog(machineId: string, listener: () => void): () => void {
  const listeners = logListeners.get(machineId) ?? new Set()
  logListeners.set(machineId, listeners)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) logListeners.delete(machineId)
  }
}

/** Opens the one live socket and keeps it open; answers with the way to close it. */
export function openLive(client: QueryClient): () => void {
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let attempt = 0
  let closed = false
  const changes = createChangeBeat(client)

  const connect = (): void => {
    const opened = new WebSocket(
      `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/events`,
    )
    socket = opened
    opened.onopen = () => {
      setStatus('live')
      // What happened while nobody listened is not replayed.
      if (attempt > 0) void client.invalidateQueries()
      attempt = 0
    }
    opened.onmessage = (message) => {
      const event = parseLiveEvent(String(message.data))
      if (event) handleLiveEvent(client, changes, event)
    }
    opened.onclose = ({ code }) => {
      if (closed) return
      // The session or its rights ended: what is shown has to be asked for again.
      if (code >= 4400) void client.invalidateQueries()
      setStatus('waiting')
      timer = setTimeout(connect, reconnectDelayMs(attempt++, Math.random()))
    }
  }
  const hurry = (): void => {
    if (closed || socket?.readyState !== WebSocket.CLOSED) return
    clearTimeout(timer)
    connect()
  }

  connect()
  window.addEventListener('online', hurry)
  return () => {
    closed = true
    clearTimeout(timer)
    changes.stop()
    window.removeEventListener('online', hurry)
    socket?.close()
    setStatus('connecting')
  }
}

type Progress = Extract<LiveEvent, { type: 'progress' }>
type ChangeBeat = ReturnType<typeof createChangeBeat>

/** Gathers `changed` and `progress` frames, so that a burst of them leads to one round of fetches and patches. */
function createChangeBeat(client: QueryClient) {
  let progress = new Map<string, Progress>()
  let isFetching = false
  let pending = new Map<ChangedEntity, Set<string>>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = (): void => {
    timer = undefined
    if (progress.size > 0) applyProgress(client, progress)
    progress = new Map()
    // What changes meanwhile is fetched when this round is over: a slow server is not asked the more.
    if (isFetching || pending.size === 0) return
    const changes = pending
    pending = new Map()
    isFetching = true
    void applyChanges(client, changes).finally(() => {
      isFetching = false
      if (pending.size > 0) hurry()
    })
  }
  const hurry = (): void => {
    timer ??= setTimeout(flush, beatMs)
  }
  return {
    add(entity: ChangedEntity, id: string) {
      pending.set(entity, (pending.get(entity) ?? new Set()).add(id))
      hurry()
    },
    addProgress(event: Progress) {
      progress.set(event.machineId, event)
      hurry()
    },
    stop() {
      clearTimeout(timer)
    },
  }
}

function recordFetch(edgeId: string, fetch: EdgeFetch | null): void {
  if (!fetch) return
  const { version, bytesDone } = fetch
  recordProgress(fetchWork(edgeId, version), { atMs: performance.now(), bytesDone })
}

function handleLiveEvent(client: QueryClient, changes: ChangeBeat, event: LiveEvent): void {
  switch (event.type) {
    case 'hello':
      return
    case 'changed':
      changes.add(event.entity, event.id)
      return
    case 'progress':
      recordProgress(event.deploymentId, { atMs: performance.now(), bytesDone: event.bytesDone })
      changes.addProgress(event)
      return
    case 'image-progress':
      recordProgress(`${event.imageId}/${event.edgeId}/${event.phase}`, {
        atMs: performance.now(),
        bytesDone: event.bytesDone,
      })
      applyImageProgress(client, event)
      return
    case 'edge-progress':
      recordFetch(event.edgeId, event.bundle)
      recordFetch(event.edgeId, event.release)
      applyEdgeProgress(client, event)
      return
    case 'readings':
      applyReadings(client, event)
      return
    case 'sensors':
      void client.invalidateQueries({ queryKey: keys.sensors(event.machineId) })
      return
    case 'bmc-log':
      void client.invalidateQueries({ queryKey: keys.bmcLog(event.machineId) })
      return
    case 'bmc-scan':
      void client.invalidateQueries({ queryKey: keys.bmcScan(event.siteId) })
      return
    case 'log':
      for (const listener of logListeners.get(event.machineId) ?? []) listener()
  }
}
