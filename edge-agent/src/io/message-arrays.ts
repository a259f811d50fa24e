import type { UdpEndpoint } from '../ports/udp.ts'
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

/** What one message carries: a datagram, or with `segmentBytes` several that the kernel cuts apart (UDP_SEGMENT). */
export interface OutgoingMessage {
  parts: Uint8Array[]
  segmentBytes: number
  to: UdpEndpoint
}

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
  const copy = ({ parts }: OutgoingMessage, index: number, vector: number): boolean => {
    let length = 0
    for (const part of parts) {
      if (length + part.length > largestCopiedBytes) return false
      copies.bytes.set(part, index * largestCopiedBytes + length)
      length += part.length
    }
    writePointer(vectors.view, vector * vectorBytes, copies.address + index * largestCopiedBytes)
    vectors.view.setUint32(vector * vectorBytes + 8, length, true)
    return true
  }
  const write = (message: OutgoingMessage, index: number, firstVector: number): void => {
    const header = index * messageBytes
    writeSocketAddress(names.view, index * socketAddressBytes, message.to.address, message.to.port)
    writePointer(headers.view, header + vectorAt, vectors.address + firstVector * vectorBytes)
    if (message.segmentBytes === 0 && copy(message, index, firstVector)) {
      headers.view.setUint32(header + vectorLengthAt, 1, true)
      writePointer(headers.view, header + controlAt, 0)
      headers.view.setUint32(header + controlLengthAt, 0, true)
      return
    }
    headers.view.setUint32(header + vectorLengthAt, message.parts.length, true)
    const hasSegments = message.segmentBytes > 0
    writePointer(headers.view, header + controlAt, hasSegments ? controls.address + index * controlBytes : 0)
    headers.view.setUint32(header + controlLengthAt, hasSegments ? controlBytes : 0, true)
    if (hasSegments) controls.view.setUint16(index * controlBytes + 16, message.segmentBytes, true)
    let vector = firstVector * vectorBytes
    for (const part of message.parts) {
      writePointer(vectors.view, vector, part.length === 0 ? 0 : addressOf(part))
      vectors.view.setUint32(vector + 8, part.length, true)
      vector += vectorBytes
    }
  }
  return (fd, messages, start) => {
    let count = 0
    let vector = 0
    for (; count < batchSize; count++) {
      const message = messages[start + count]
      if (!message || vector + message.parts.length > mostParts) break
      write(message, count, vector)
      vector += message.parts.length
    }
    return calls.sendMessages(fd, headers.bytes, count, linux.msgDontWait)
  }
}

/**
 * Joins datagrams into as few messages as the kernel allows: runs of one size, the last of a run perhaps shorter.
 * Without `canSegment` each datagram is a message of its own.
 */
export function packMessages(
  datagrams: readonly (readonly Uint8Array[])[],
  to: UdpEndpoint,
  canSegment: boolean,
): OutgoingMessage[] {
  const messages: OutgoingMessage[] = []
  let open: (OutgoingMessage & { segments: number; sizeBytes: number; firstBytes: number }) | undefined
  for (const parts of datagrams) {
    let sizeBytes = 0
    for (const part of parts) sizeBytes += part.length
    const fits =
      canSegment &&
      open !== undefined &&
      sizeBytes > 0 &&
      sizeBytes <= open.firstBytes &&
      open.segments < mostSegments &&
      open.sizeBytes + sizeBytes <= largestMessageBytes
    if (fits && open) {
      for (const part of parts) open.parts.push(part)
      open.segments += 1
      open.sizeBytes += sizeBytes
      open.segmentBytes = open.firstBytes
    } else {
      open = { parts: [...parts], segmentBytes: 0, to, segments: 1, sizeBytes, firstBytes: sizeBytes }
      messages.push(open)
    }
    // What comes behind a shorter one would be cut in the wrong place.
    if (sizeBytes < (open?.firstBytes ?? 0)) open = undefined
  }
  return messages
}
