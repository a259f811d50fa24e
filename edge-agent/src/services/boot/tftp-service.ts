import { MalformedPacketError } from '../../codec/malformed-packet-error.ts'
import { defaultTransferLimits, negotiateTransfer } from '../../codec/tftp/options.ts'
import {
  decodeTftpPacket,
  encodeTftpPacket,
  type TftpPacket,
  tftpErrorCodes,
} from '../../codec/tftp/packet.ts'
import { lookUpMac } from '../../io/arp-table.ts'
import type { UdpEndpoint, UdpSocket } from '../../ports/udp.ts'
import { parseTftpFileName } from '../../protocol/tftp-file-name.ts'
import type { TftpOutcome } from '../../protocol/tftp-transfer.ts'
import type { BootContext } from './context.ts'
import { runTftpTransfer } from './tftp-session.ts'

type ReadRequest = Extract<TftpPacket, { kind: 'read-request' }>

/** Our address that was asked, and the device that it belongs to, where sockets are bound to devices. */
interface TftpLocal {
  address: string
  device?: string
}

export interface TftpService {
  /** A packet on port 69 of one of our addresses; `reply` answers from there. */
  handle: (bytes: Uint8Array, from: UdpEndpoint, local: TftpLocal, reply: UdpSocket) => void
  active: () => number
  /** Ends all transfers. */
  close: () => void
}

const mostTransfers = 512
const mostTransfersOfOneClient = 16

/** Read-only TFTP of the boot bundle's loaders: each transfer on a socket and port of its own (RFC 1350 §4). */
export function createTftpService(context: BootContext): TftpService {
  /** By client and port, so that a repeated request does not start a second transfer. */
  const transfers = new Map<string, { close: () => void; client: string }>()

  async function start(
    request: ReadRequest,
    from: UdpEndpoint,
    local: TftpLocal,
    key: string,
  ): Promise<void> {
    const found = await findFile(request, context)
    if (!found)
      throw new TftpRefusal(tftpErrorCodes.fileNotFound, 'No such file in the boot bundle', 'not-found')
    const transfer = await runTftpTransfer({
      bytes: found.bytes,
      negotiated: negotiateTransfer(request.options, found.bytes.length, defaultTransferLimits),
      local,
      peer: from,
      context,
      onEnd: (outcome) => {
        transfers.delete(key)
        context.counters.increment('tftp_transfers', { outcome: outcome.kind })
        if (outcome.kind !== 'size-probe') reportEnd(found.name, from, outcome, context)
      },
    })
    if (transfers.has(key)) transfers.set(key, { client: from.address, close: transfer.close })
    else transfer.close()
  }

  function refusal(from: UdpEndpoint): TftpRefusal | undefined {
    const ofClient = [...transfers.values()].filter(({ client }) => client === from.address).length
    if (transfers.size < mostTransfers && ofClient < mostTransfersOfOneClient) return undefined
    return new TftpRefusal(tftpErrorCodes.undefined, 'Too many transfers: try again', 'too-many')
  }

  return {
    active: () => transfers.size,
    close: () => {
      for (const transfer of transfers.values()) transfer.close()
      transfers.clear()
    },
    handle: (bytes, from, local, reply) => {
      const refuse = (error: TftpRefusal) => {
        context.counters.increment('tftp_requests', { outcome: error.outcome })
        const packet = { kind: 'error', code: error.code, message: error.message } as const
        reply.send([encodeTftpPacket(packet)], from)
      }
      const request = decodeRequest(bytes, from, context)
      if (!request) return
      if (request instanceof TftpRefusal) return refuse(request)
      const key = `${from.address}:${from.port}`
      if (transfers.has(key)) return context.counters.increment('tftp_requests', { outcome: 'repeated' })
      const full = refusal(from)
      if (full) return refuse(full)
      context.counters.increment('tftp_requests', { outcome: 'started' })
      transfers.set(key, { client: from.address, close: () => undefined })
      start(request, from, local, key).catch((error: unknown) => {
        transfers.delete(key)
        if (error instanceof TftpRefusal) return refuse(error)
        context.debug(`tftp to ${key}: ${String(error)}`)
        refuse(new TftpRefusal(tftpErrorCodes.undefined, 'The edge could not read this file', 'failed'))
      })
    },
  }
}

class TftpRefusal extends Error {
  readonly code: number
  readonly outcome: string

  constructor(code: number, message: string, outcome: string) {
    super(message)
    this.code = code
    this.outcome = outcome
  }
}

/** A request, a refusal to send, or undefined for what deserves no answer. */
function decodeRequest(
  bytes: Uint8Array,
  from: UdpEndpoint,
  context: BootContext,
): ReadRequest | TftpRefusal | undefined {
  try {
    const packet = decodeTftpPacket(bytes)
    if (packet.kind === 'read-request') return packet
    if (packet.kind === 'write-request') {
      return new TftpRefusal(tftpErrorCodes.accessViolation, 'This server only sends', 'write-request')
    }
    context.counters.increment('tftp_requests', { outcome: 'not-a-request' })
  } catch (error) {
    if (!(error instanceof MalformedPacketError)) throw error
    context.counters.increment('tftp_requests', { outcome: 'malformed' })
    context.debug(`from ${from.address}:${from.port}: ${error.message}`)
  }
  return undefined
}

async function findFile(
  request: ReadRequest,
  context: BootContext,
): Promise<{ name: string; bytes: Uint8Array } | undefined> {
  const { bundleDir, bundleReady } = context.index().view
  const asked = parseTftpFileName(request.fileName)
  if (asked === undefined || !bundleReady) return undefined
  const file = await context.files.find(bundleDir, asked)
  const bytes = file && (await context.files.load(file))
  return file && bytes ? { name: file.name, bytes } : undefined
}

function reportEnd(name: string, from: UdpEndpoint, outcome: TftpOutcome, context: BootContext): void {
  const atMs = context.now()
  void lookUpMac(from.address).then((mac) =>
    context.report({
      kind: 'boot-file',
      atMs,
      protocol: 'tftp',
      name,
      address: from.address,
      ...(mac === undefined ? {} : { mac }),
      outcome: outcome.kind,
    }),
  )
}
