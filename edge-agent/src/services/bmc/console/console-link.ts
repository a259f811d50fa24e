import {
  controlConsoleFrameSchema,
  type EdgeConsoleFrame,
  maxConsoleFrameBytes,
} from '@dragonfly/schema/wire'
import WebSocket from 'ws'
import type { ControlPlane } from '../../control-plane.ts'
import type { SharedConsole } from './shared-console.ts'

export interface ConsoleLinkOptions {
  controlPlane: Pick<ControlPlane, 'url' | 'authorization'>
  consoleId: string
  console: SharedConsole
  /** Looked at for everything that is typed. */
  mayType: () => boolean
  onClosed: () => void
}

/** More than this waits for a line that is stuck: it is closed, and opened anew with the scroll-back. */
const maxUnsentBytes = 1024 * 1024

/** Joins a console to its socket at the control plane until either ends. Returns what closes it. */
export function openConsoleLink(options: ConsoleLinkOptions): () => void {
  const { controlPlane, console: shared, mayType, onClosed } = options
  let socket: WebSocket | null = null
  let stopListening = (): void => undefined
  let isEnded = false

  const end = (): void => {
    if (isEnded) return
    isEnded = true
    stopListening()
    socket?.close()
    onClosed()
  }
  const send = (data: string | Uint8Array): void => {
    if (socket?.readyState !== WebSocket.OPEN) return
    if (socket.bufferedAmount <= maxUnsentBytes) socket.send(data)
    else {
      socket.terminate()
      end()
    }
  }
  const sendBytes = (bytes: Uint8Array): void => {
    for (let start = 0; start < bytes.length; start += maxConsoleFrameBytes)
      send(bytes.subarray(start, start + maxConsoleFrameBytes))
  }
  const sendNews = (): void => {
    const frame: EdgeConsoleFrame = { type: 'state', ...shared.news() }
    send(JSON.stringify(frame))
  }
  const begin = (): void => {
    sendBytes(shared.scrollBack())
    stopListening = shared.listen({ data: sendBytes, news: sendNews })
    sendNews()
  }
  const handle = (data: WebSocket.RawData, isBinary: boolean): void => {
    if (isBinary) {
      if (mayType()) shared.write(toBytes(data))
      return
    }
    const frame = parseFrame(String(data))
    if (frame?.type === 'break' && mayType()) shared.sendBreak()
    if (frame?.type === 'take-over') shared.takeOver()
  }
  const open = async (): Promise<void> => {
    const authorization = await controlPlane.authorization()
    if (isEnded) return
    const url = `${controlPlane.url.replace(/^http/, 'ws')}/api/edge/v1/consoles/${options.consoleId}`
    socket = new WebSocket(url, {
      headers: { authorization },
      maxPayload: maxConsoleFrameBytes,
      handshakeTimeout: 15_000,
    })
    socket.on('open', begin)
    socket.on('message', handle)
    // The control plane asks again.
    socket.on('error', end)
    socket.on('close', end)
  }
  open().catch(end)
  return end
}

function toBytes(data: WebSocket.RawData): Uint8Array {
  return Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data)
}

/** Null for what this version does not know. */
function parseFrame(text: string) {
  try {
    return controlConsoleFrameSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}
