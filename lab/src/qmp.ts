import { createConnection } from 'node:net'

export interface MonitorConnection {
  /** @throws Error when QEMU refuses, or is gone. */
  execute(command: string, args?: Record<string, unknown>): Promise<unknown>
  close(): void
}

interface MonitorMessage {
  QMP?: unknown
  id?: number
  event?: string
  return?: unknown
  error?: { desc: string }
}

/**
 * Opens a machine's monitor to stay, and hears its events (RESET, SHUTDOWN, ...).
 * @param onClose Called once, when QEMU ended or closed it.
 */
export function openMonitor(
  socketPath: string,
  onEvent: (event: string) => void,
  onClose: () => void,
): Promise<MonitorConnection> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath)
    const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
    let nextId = 1
    const execute = (command: string, args: Record<string, unknown> = {}) =>
      new Promise<unknown>((settle, refuse) => {
        const id = nextId++
        waiting.set(id, { resolve: settle, reject: refuse })
        socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
      })
    const handle = (message: MonitorMessage) => {
      if (message.QMP) {
        execute('qmp_capabilities').then(() => resolve({ execute, close: () => socket.destroy() }), reject)
      } else if (message.event) onEvent(message.event)
      else if (message.id !== undefined) {
        const request = waiting.get(message.id)
        waiting.delete(message.id)
        if (message.error) request?.reject(new Error(`QEMU refused: ${message.error.desc}`))
        else request?.resolve(message.return)
      }
    }
    let text = ''
    socket.on('data', (part) => {
      text += part.toString()
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) if (line.trim()) handle(JSON.parse(line) as MonitorMessage)
    })
    socket.on('error', reject)
    socket.on('close', () => {
      const gone = new Error("QEMU's monitor is closed")
      for (const request of waiting.values()) request.reject(gone)
      reject(gone)
      onClose()
    })
  })
}

/**
 * Sends one command to a machine's QEMU monitor (QMP: JSON lines; a greeting, then capabilities, then commands).
 * @throws Error when QEMU refuses the command or does not answer in time.
 */
export function sendMonitorCommand(
  socketPath: string,
  command: string,
  args: Record<string, unknown> = {},
  timeoutMs = 10_000,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath)
    const finish = (error: Error | undefined, value?: unknown) => {
      clearTimeout(timer)
      socket.destroy()
      if (error) reject(error)
      else resolve(value)
    }
    const timer = setTimeout(() => finish(new Error(`QEMU's monitor did not answer "${command}"`)), timeoutMs)
    let text = ''
    const handleLine = (line: string) => {
      const message = JSON.parse(line) as {
        QMP?: unknown
        id?: string
        return?: unknown
        error?: { desc: string }
      }
      if (message.QMP) socket.write('{"execute":"qmp_capabilities","id":"hello"}\n')
      else if (message.error) finish(new Error(`QEMU refused "${command}": ${message.error.desc}`))
      else if (message.id === 'hello')
        socket.write(`${JSON.stringify({ execute: command, arguments: args, id: 'do' })}\n`)
      else if (message.id === 'do') finish(undefined, message.return)
    }
    socket.on('data', (part) => {
      text += part.toString()
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) if (line.trim()) handleLine(line)
    })
    socket.on('error', (error) => finish(error))
    socket.on('close', () => finish(new Error(`QEMU closed its monitor before it answered "${command}"`)))
  })
}
