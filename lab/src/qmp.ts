import { createConnection } from 'node:net'

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
