import { rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { checksum } from './packet.ts'

/**
 * The BMC's end of the system interface that QEMU gives a machine: `ipmi-bmc-extern` behind `isa-ipmi-kcs`. Messages
 * are [sequence, network function and LUN, command, data..., checksum], and end with a0h; QEMU's own notices end with
 * a1h; where one of these bytes, or aah, is meant, it is aah and the byte with bit 4 set.
 */
const endOfMessage = 0xa0
const endOfNotice = 0xa1
const escapeByte = 0xaa

export interface SystemRequest {
  sequence: number
  netFn: number
  lun: number
  command: number
  data: Buffer
}

/** Longest that a message may be: KCS has 8 bits of length. */
const longestMessage = 300

/** Takes what QEMU sends, in whatever pieces; messages with a wrong checksum are dropped, notices passed over. */
export function createSystemReader(onRequest: (request: SystemRequest) => void): (bytes: Uint8Array) => void {
  let message: number[] = []
  let isEscaped = false
  const takeByte = (byte: number): void => {
    if (byte === endOfMessage || byte === endOfNotice) {
      const request = byte === endOfMessage ? decodeSystemRequest(Buffer.from(message)) : undefined
      message = []
      isEscaped = false
      if (request) onRequest(request)
    } else if (byte === escapeByte) isEscaped = true
    else {
      if (message.length < longestMessage) message.push(isEscaped ? byte & ~0x10 : byte)
      isEscaped = false
    }
  }
  return (bytes) => bytes.forEach(takeByte)
}

function decodeSystemRequest(message: Buffer): SystemRequest | undefined {
  if (message.length < 4 || checksum(message) !== 0) return undefined
  const [sequence = 0, address = 0, command = 0] = message
  return { sequence, netFn: address >> 2, lun: address & 3, command, data: message.subarray(3, -1) }
}

/** @param answer The completion code and what follows it. */
export function encodeSystemAnswer(request: SystemRequest, answer: Uint8Array): Buffer {
  const { sequence, netFn, lun, command } = request
  const plain = [sequence, ((netFn + 1) << 2) | lun, command, ...answer]
  const escaped = [...plain, checksum(Uint8Array.from(plain))].flatMap((byte) =>
    byte === endOfMessage || byte === endOfNotice || byte === escapeByte ? [escapeByte, byte | 0x10] : [byte],
  )
  return Buffer.from([...escaped, endOfMessage])
}

/** Listens for QEMU, which connects when its machine goes on, and again when the BMC was away. */
export async function startSystemInterface(
  path: string,
  carryOut: (request: SystemRequest) => Promise<Uint8Array>,
): Promise<{ close(): Promise<void> }> {
  await rm(path, { force: true })
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    const read = createSystemReader((request) => {
      carryOut(request).then(
        (answer) => socket.write(encodeSystemAnswer(request, answer)),
        (error: unknown) => process.stderr.write(`bmc: ${String(error)}\n`),
      )
    })
    socket.on('data', read)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
