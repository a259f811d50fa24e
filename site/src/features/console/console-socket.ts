import { reconnectDelayMs } from '../../api/live-event.ts'
import { type ConsoleNews, type ConsoleRequest, maxTypedBytes, parseConsoleNews } from './console-news.ts'

export type ConsoleStatus =
  | { kind: 'connecting' }
  | { kind: 'reconnecting' }
  /** The server ended it, and says why: to connect again is for the person to decide. */
  | { kind: 'ended'; message: string }
  | { kind: 'connected' }

export interface ConsoleSocket {
  ask(request: ConsoleRequest): void
  type(text: string): void
  close(): void
}

export interface ConsoleSocketHandlers {
  data(bytes: Uint8Array): void
  news(news: ConsoleNews): void
  status(status: ConsoleStatus): void
}

/** Opens a machine's console, again and again until it is closed or refused. */
export function openConsoleSocket(machineId: string, on: ConsoleSocketHandlers): ConsoleSocket {
  let socket: WebSocket | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let isClosed = false
  let attempt = 0

  const connect = (): void => {
    const url = new URL(`/api/v1/machines/${machineId}/console`, location.href)
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    const opened = new WebSocket(url)
    socket = opened
    opened.binaryType = 'arraybuffer'
    opened.onopen = () => {
      attempt = 0
      on.status({ kind: 'connected' })
    }
    opened.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) return on.data(new Uint8Array(data))
      const news = parseConsoleNews(String(data))
      if (news) on.news(news)
    }
    opened.onclose = ({ code, reason }) => {
      if (isClosed) return
      if (code >= 4400) return on.status({ kind: 'ended', message: describeEnd(code, reason) })
      on.status({ kind: 'reconnecting' })
      timer = setTimeout(connect, reconnectDelayMs(attempt++, Math.random()))
    }
  }
  const send = (data: string | Uint8Array<ArrayBuffer>): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(data)
  }
  on.status({ kind: 'connecting' })
  connect()
  return {
    ask: (request) => send(JSON.stringify(request)),
    type: (text) => {
      for (const part of cutTyped(text)) send(part)
    },
    close: () => {
      isClosed = true
      clearTimeout(timer)
      socket?.close()
    },
  }
}

/** A paste goes in pieces that the server takes. */
export function cutTyped(text: string): Uint8Array<ArrayBuffer>[] {
  const bytes = new TextEncoder().encode(text)
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (let start = 0; start < bytes.length; start += maxTypedBytes)
    parts.push(bytes.slice(start, start + maxTypedBytes))
  return parts
}

function describeEnd(code: number, reason: string): string {
  if (code === 4401) return 'You were signed out: sign in, then connect again.'
  if (code === 4403) return `It was closed: ${reason}.`
  return 'It was closed: the machine is gone, or at another site.'
}
