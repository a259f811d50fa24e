import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decodeTftpPacket, encodeTftpPacket, type TftpPacket } from '../src/codec/tftp/packet.ts'

export interface TftpDownload {
  bytes: Uint8Array
  options: Map<string, string>
}

/**
 * A TFTP client after RFC 1350 and 7440 for tests. `lose` decides, for each packet sent or received, whether the network
 * drops it. It repeats its last packet after 100 ms of silence. Rejects with the text of an ERROR packet.
 */
export async function downloadByTftp(request: {
  port: number
  fileName: string
  options?: Record<string, string>
  lose?: () => boolean
}): Promise<TftpDownload> {
  const lose = request.lose ?? (() => false)
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const options = new Map(Object.entries(request.options ?? {}))
  let peerPort = request.port
  let last: TftpPacket = { kind: 'read-request', fileName: request.fileName, mode: 'octet', options }
  const send = (packet: TftpPacket) => {
    last = packet
    if (!lose()) socket.send(encodeTftpPacket(packet), peerPort, '127.0.0.1')
  }
  const repeat = setInterval(() => send(last), 100)
  try {
    send(last)
    return await receive(socket, send, lose, (port) => {
      peerPort = port
    })
  } finally {
    clearInterval(repeat)
    socket.close()
  }
}

function receive(
  socket: ReturnType<typeof createSocket>,
  send: (packet: TftpPacket) => void,
  lose: () => boolean,
  setPeer: (port: number) => void,
): Promise<TftpDownload> {
  const parts: Uint8Array[] = []
  let accepted = new Map<string, string>()
  let inWindow = 0
  return new Promise((resolve, reject) => {
    socket.on('message', (bytes, from) => {
      if (lose()) return
      const packet = decodeTftpPacket(bytes)
      setPeer(from.port)
      if (packet.kind === 'error') return reject(new Error(packet.message))
      if (packet.kind === 'option-ack') {
        accepted = packet.options
        return send({ kind: 'ack', block: 0 })
      }
      if (packet.kind !== 'data') return
      const isNext = packet.block === ((parts.length + 1) & 0xffff)
      if (isNext) {
        parts.push(packet.payload)
        inWindow++
      }
      const isLast = packet.payload.length < Number(accepted.get('blksize') ?? 512)
      if (isNext && !isLast && inWindow < Number(accepted.get('windowsize') ?? 1)) return
      inWindow = 0
      send({ kind: 'ack', block: parts.length & 0xffff })
      if (isNext && isLast) resolve({ bytes: Buffer.concat(parts), options: accepted })
    })
  })
}
