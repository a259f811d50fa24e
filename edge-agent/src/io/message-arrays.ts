import type { DatagramRun, UdpEndpoint } from '../ports/udp.ts'
import { type LinuxCalls, linux, writeSocketAddress } from './linux-calls.ts'

// struct mmsghdr, iovec, sockaddr_in and cmsghdr as 64-bit little-endian Linux has them.
const messageBytes = 64
const nameAt = 0
const nameLengthAt = 8
const vectorAt = 16
const vectorLengthAt = 24
const controlAt = 32
const controlLengthAt = 40
const receivedLengthAt = 56
const vectorBytes = 16
const socketAddressBytes = 16
const controlBytes = 24
/** CMSG_LEN(sizeof(uint16_t)). */
const segmentControlLength = 18

/** Messages per call. */
export const batchSize = 32
const largestReceivedBytes = 4096
/** What is shorter is copied to memory that the kernel was told of once. */
const largestCopiedBytes = 2048
/** The kernel takes this many segments in one message (UDP_MAX_SEGMENTS), and a datagram's length of 16 bits. */
const mostSegments = 64
const largestMessageBytes = 65_000
const mostParts = 2048

/** What one message carries: a datagram in parts, or a run of them, which the kernel cuts apart (UDP_SEGMENT). */
export type OutgoingMessage = { to: UdpEndpoint } & (
  | { parts: readonly Uint8Array[]; run?: undefined }
  | { run: DatagramRun }
)

/** Arrays of messages in memory that the kernel reads and writes; one pair serves all sockets of a process. */
export interface MessageArrays {
  /** Reads up to 32 datagrams that are there already. Bytes are valid until the next call. */
  receive: (fd: number, handle: (bytes: Uint8Array, from: UdpEndpoint) => void) => number
  /** Gives how many of the first 32 messages left; fewer than there are: see `LinuxCalls.errorCode`. */
  send: (fd: number, messages: readonly OutgoingMessage[], start: number) => number
}

export function createMessageArrays(calls: LinuxCalls): MessageArrays {
  return { receive: createReceiver(calls), send: createSender(calls) }
}

interface Memory {
  bytes: Uint8Array
  view: DataView
  address: number
}

function allocate(calls: LinuxCalls, sizeBytes: number): Memory {
  const buffer = new ArrayBuffer(sizeBytes)
  const bytes = new Uint8Array(buffer)
  return { bytes, view: new DataView(buffer), address: calls.addressOf(bytes) }
}

function writePointer(view: DataView, offset: number, address: number): void {
  view.setUint32(offset, address >>> 0, true)
  view.setUint32(offset + 4, Math.floor(address / 2 ** 32), true)
}

function createReceiver(calls: LinuxCalls): MessageArrays['receive'] {
  const headers = allocate(calls, batchSize * messageBytes)
  const vectors = allocate(calls, batchSize * vectorBytes)
  const names = allocate(calls, batchSize * socketAddressBytes)
  const data = allocate(calls, batchSize * largestReceivedBytes)
  for (let index = 0; index < batchSize; index++) {
    const header = index * messageBytes
    writePointer(headers.view, header + nameAt, names.address + index * socketAddressBytes)
    writePointer(headers.view, header + vectorAt, vectors.address + index * vectorBytes)
    headers.view.setUint32(header + vectorLengthAt, 1, true)
    writePointer(vectors.view, index * vectorBytes, data.address + index * largestReceivedBytes)
    vectors.view.setUint32(index * vectorBytes + 8, largestReceivedBytes, true)
  }
  const renderAddress = createAddressTexts()
  // The kernel writes through addresses, which keep nothing alive: the closure has to.
  const memory = { headers, vectors, names, data }
  return (fd, handle) => {
    const { headers, names, data } = memory
    for (let index = 0; index < batchSize; index++) {
      headers.view.setUint32(index * messageBytes + nameLengthAt, socketAddressBytes, true)
    }
    const count = calls.receiveMessages(fd, headers.bytes, batchSize, linux.msgDontWait, null)
    for (let index = 0; index < count; index++) {
      const length = headers.view.getUint32(index * messageBytes + receivedLengthAt, true)
      const start = index * largestReceivedBytes
      const name = index * socketAddressBytes
      const address = renderAddress(names.view.getUint32(name + 4))
      const port = names.view.getUint16(name + 2)
      handle(data.bytes.subarray(start, start + length), { address, port })
    }
    return count
  }
}

const mostAddressTexts = 8192

/** Texts of addresses that were just heard are heard again. */
function createAddressTexts(): (address: number) => string {
  const texts = new Map<number, string>()
  return (address) => {
    const known = texts.get(address)
    if (known !== undefined) return known
    if (texts.size >= mostAddressTexts) texts.clear()
    const text = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
    texts.set(address, text)
    return text
  }
}

function createSender(calls: LinuxCalls): MessageArrays['send'] {
  const headers = allocate(calls, batchSize * messageBytes)
  const vectors = allocate(calls, mostParts * vectorBytes)
  const names = allocate(calls, batchSize * socketAddressBytes)
  const controls = allocate(calls, batchSize * controlBytes)
  const copies = allocate(calls, batchSize * largestCopiedBytes)
  for (let index = 0; index < batchSize; index++) {
    const control = index * controlBytes
    controls.view.setUint32(control, segmentControlLength, true)
    controls.view.setUint32(control + 8, linux.solUdp, true)
    controls.view.setUint32(control + 12, linux.udpSegment, true)
    writePointer(headers.view, index * messageBytes + nameAt, names.address + index * socketAddressBytes)
    headers.view.setUint32(index * messageBytes + nameLengthAt, socketAddressBytes, true)
  }
  /** A file's memory is looked up once for each of its blocks. */
  const addresses = new WeakMap<ArrayBufferLike, number>()
  const addressOf = (bytes: Uint8Array): number => {
    const known = addresses.get(bytes.buffer)
    if (known !== undefined) return known + bytes.byteOffset
    const address = calls.addressOf(new Uint8Array(bytes.buffer))
    addresses.set(bytes.buffer, address)
    return address + bytes.byteOffset
  }
  const copy = (parts: readonly Uint8Array[], index: number, vector: number): boolean => {
    let length = 0
    for (const part of parts) {
      if (length + part.length > largestCopiedBytes) return false
      copies.bytes.set(part, index * largestCopiedBytes + length)
      length += part.length
    }
    writeVector(vectors.view, vector, copies.address + index * largestCopiedBytes, length)
    return true
  }
  /** Gives how many vectors were written. */
  const writeParts = (parts: readonly Uint8Array[], index: number, firstVector: number): number => {
    if (copy(parts, index, firstVector)) return 1
    let vector = firstVector
    for (const part of parts) {
      writeVector(vectors.view, vector++, part.length === 0 ? 0 : addressOf(part), part.length)
    }
    return parts.length
  }
  const writeRun = (run: DatagramRun, index: number, firstVector: number): number => {
    const { headers, headerBytes, body, pieceBytes, count } = run
    let header = addressOf(headers)
    let piece = body.length === 0 ? 0 : addressOf(body)
    let left = body.length
    for (let vector = firstVector; vector < firstVector + 2 * count; vector += 2) {
      writeVector(vectors.view, vector, header, headerBytes)
      writeVector(vectors.view, vector + 1, piece, Math.min(pieceBytes, left))
      header += headerBytes
      piece += pieceBytes
      left -= pieceBytes
    }
    controls.view.setUint16(index * controlBytes + 16, headerBytes + pieceBytes, true)
    return 2 * count
  }
  const write = (message: OutgoingMessage, index: number, firstVector: number): number => {
    const header = index * messageBytes
    const { run, to } = message
    writeSocketAddress(names.view, index * socketAddressBytes, to.address, to.port)
    writePointer(headers.view, header + vectorAt, vectors.address + firstVector * vectorBytes)
    const written = run ? writeRun(run, index, firstVector) : writeParts(message.parts, index, firstVector)
    headers.view.setUint32(header + vectorLengthAt, written, true)
    const hasSegments = run !== undefined && run.count > 1
    writePointer(headers.view, header + controlAt, hasSegments ? controls.address + index * controlBytes : 0)
    headers.view.setUint32(header + controlLengthAt, hasSegments ? controlBytes : 0, true)
    return written
  }
  return (fd, messages, start) => {
    let count = 0
    let vector = 0
    for (; count < batchSize; count++) {
      const message = messages[start + count]
      const wanted = message?.run ? 2 * message.run.count : (message?.parts.length ?? 0)
      if (!message || vector + wanted > mostParts) break
      vector += write(message, count, vector)
    }
    return calls.sendMessages(fd, headers.bytes, count, linux.msgDontWait)
  }
}

function writeVector(view: DataView, vector: number, address: number, length: number): void {
  writePointer(view, vector * vectorBytes, address)
  view.setUint32(vector * vectorBytes + 8, length, true)
}

/** Cuts a run into as few messages as the kernel takes; without `canSegment` into single datagrams. */
export function cutRun(run: DatagramRun, to: UdpEndpoint, canSegment: boolean): OutgoingMessage[] {
  const { headers, headerBytes, body, pieceBytes, count } = run
  const fitting = Math.floor(largestMessageBytes / (headerBytes + pieceBytes))
  const most = canSegment ? Math.max(1, Math.min(mostSegments, fitting)) : 1
  if (count <= most) return [{ run, to }]
  const messages: OutgoingMessage[] = []
  for (let first = 0; first < count; first += most) {
    const next = Math.min(first + most, count)
    const piece = {
      headers: headers.subarray(first * headerBytes, next * headerBytes),
      headerBytes,
      body: body.subarray(first * pieceBytes, next * pieceBytes),
      pieceBytes,
      count: next - first,
    }
    messages.push({ run: piece, to })
  }
  return messages
}
