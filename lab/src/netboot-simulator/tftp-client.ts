import { createSocket } from 'node:dgram'
import { once } from 'node:events'

export interface TftpRequest {
  server: string
  name: string
  /** The client's own. */
  address: string
  /** EDK2 asks for 4 (RFC 7440), BIOS ROMs for none. */
  windowSize: number
  /** Breaks off once the size is known, as EDK2 and Intel ROMs do before they come again. */
  sizeOnly?: boolean
  isLost: () => boolean
  signal: AbortSignal
}

const opcodes = { read: 1, data: 3, ack: 4, error: 5, optionsTaken: 6 } as const
const wantedBlockBytes = 1468
const silenceMs = 1000
const mostSilences = 8

/**
 * Reads a file by TFTP (RFC 1350, 2347-2349, 7440) and drops its bytes; resolves with how many there were.
 * @throws Error when the server refuses, or falls silent.
 */
export async function fetchByTftp(request: TftpRequest): Promise<number> {
  const { signal, isLost } = request
  const socket = createSocket('udp4')
  const done = Promise.withResolvers<number>()
  const transfer = createTransfer(request)
  let port = 69
  let silences = 0
  let last = transfer.begin()
  const send = (bytes: Buffer): void => {
    last = bytes
    if (!isLost()) socket.send(bytes, port, request.server)
  }
  const onSilence = (): void => {
    if (++silences > mostSilences) done.reject(new Error(`TFTP: ${request.server} fell silent`))
    else send(last)
  }
  const timer = setInterval(onSilence, silenceMs)
  const onAbort = (): void => done.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  socket.on('error', done.reject)
  socket.on('message', (bytes, from) => {
    if (isLost()) return
    port = from.port
    silences = 0
    timer.refresh()
    const step = transfer.take(bytes)
    if (step.reply) send(step.reply)
    if (step.error) done.reject(new Error(`TFTP: ${step.error}`))
    // The last ACK goes out before the socket is closed.
    if (step.sizeBytes !== undefined) setImmediate(done.resolve, step.sizeBytes)
  })
  try {
    socket.bind(0, request.address)
    await once(socket, 'listening', { signal })
    send(last)
    return await done.promise
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', onAbort)
    socket.close()
  }
}

interface TransferStep {
  reply?: Buffer
  error?: string
  /** The transfer is over. */
  sizeBytes?: number
}

function createTransfer(request: TftpRequest): { begin(): Buffer; take(bytes: Buffer): TransferStep } {
  let blockBytes = 512
  let windowSize = 1
  let next = 1
  let inWindow = 0
  let received = 0
  let complainedAt = 0

  const takeOptions = (bytes: Buffer): TransferStep => {
    const words = bytes.subarray(2).toString('latin1').split('\0')
    for (let at = 0; at + 1 < words.length; at += 2) {
      const value = Number(words[at + 1])
      if (words[at]?.toLowerCase() === 'blksize') blockBytes = value
      if (words[at]?.toLowerCase() === 'windowsize') windowSize = value
      if (words[at]?.toLowerCase() === 'tsize' && request.sizeOnly)
        return { reply: refuse('User aborted the transfer'), sizeBytes: value }
    }
    return next === 1 ? { reply: acknowledge(0) } : {}
  }
  const takeData = (bytes: Buffer): TransferStep => {
    if (bytes.readUInt16BE(2) !== (next & 0xffff)) {
      if (complainedAt === next) return {}
      complainedAt = next
      inWindow = 0
      return { reply: acknowledge(next - 1) }
    }
    const length = bytes.length - 4
    received += length
    inWindow++
    const isLast = length < blockBytes
    const reply = isLast || inWindow >= windowSize ? { reply: acknowledge(next) } : {}
    if ('reply' in reply) inWindow = 0
    next++
    return isLast ? { ...reply, sizeBytes: received } : reply
  }
  return {
    begin: () => renderReadRequest(request),
    take(bytes) {
      if (bytes.length < 4) return {}
      const opcode = bytes.readUInt16BE(0)
      if (opcode === opcodes.optionsTaken) return takeOptions(bytes)
      if (opcode === opcodes.data) return takeData(bytes)
      return opcode === opcodes.error ? { error: bytes.subarray(4).toString('latin1') } : {}
    },
  }
}

function renderReadRequest({ name, windowSize, sizeOnly }: TftpRequest): Buffer {
  const options = sizeOnly
    ? ['tsize', '0']
    : ['tsize', '0', 'blksize', String(wantedBlockBytes)].concat(
        windowSize > 1 ? ['windowsize', String(windowSize)] : [],
      )
  const words = [name, 'octet', ...options].map((word) => `${word}\0`).join('')
  return Buffer.concat([Buffer.from([0, opcodes.read]), Buffer.from(words, 'latin1')])
}

function acknowledge(block: number): Buffer {
  return Buffer.from([0, opcodes.ack, (block >> 8) & 255, block & 255])
}

function refuse(message: string): Buffer {
  return Buffer.concat([Buffer.from([0, opcodes.error, 0, 8]), Buffer.from(`${message}\0`, 'latin1')])
}
