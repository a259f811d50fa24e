import type { BundleFileName } from '@dragonfly/schema/wire'
import type { Ipv4 } from '../../codec/ipv4.ts'
import type { Mac } from '../../codec/mac.ts'
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
import { grubEntryScript, renderGrubScript } from '../../protocol/grub-script.ts'
import { parseTftpFileName } from '../../protocol/tftp-file-name.ts'
import type { TftpOutcome } from '../../protocol/tftp-transfer.ts'
import type { BootContext } from './context.ts'
import { makeScript } from './scripts.ts'
import { openTftpTransfers, type TftpTransfers } from './tftp-transfers.ts'
import { createTransferLimit, type TransferLimit } from './transfer-limit.ts'

type ReadRequest = Extract<TftpPacket, { kind: 'read-request' }>

/** Our address that is asked, and the device that it belongs to, where sockets are bound to devices. */
interface TftpLocal {
  address: string
  port: number
  device?: string
}

export interface TftpService {
  /** Answers on one of our addresses, until it is closed. */
  listen: (local: TftpLocal, onError: (error: Error) => void) => Promise<{ close: () => void }>
}

/** A transfer costs its client's state and nothing else; a site's machines may all start at once. */
const most = { ofOneClient: 16, inAll: 4096 }

/** Read-only TFTP of the boot bundle, and of the scripts that signed GRUB asks for. */
export function createTftpService(context: BootContext, limit = createTransferLimit(most)): TftpService {
  return {
    listen: async ({ port, ...local }, onError) => {
      const transfers = await openTftpTransfers(local, context, onError)
      const handle = createRequestHandler(context, transfers, limit, local.address)
      try {
        const socket: UdpSocket = await context.openUdpSocket(
          { ...local, port },
          { error: onError, packet: (bytes, from) => handle(bytes, from, socket) },
        )
        return {
          close: () => {
            if (context.isDraining()) transfers.drain()
            else transfers.close()
            socket.close()
          },
        }
      } catch (error) {
        transfers.close()
        throw error
      }
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

type RequestHandler = (bytes: Uint8Array, from: UdpEndpoint, reply: UdpSocket) => void

function createRequestHandler(
  context: BootContext,
  transfers: TftpTransfers,
  limit: TransferLimit,
  ownAddress: Ipv4,
): RequestHandler {
  const loading = new Set<string>()

  async function start(request: ReadRequest, asked: Uint8Array, from: UdpEndpoint): Promise<void> {
    const release = limit.claim(from.address)
    if (!release) throw new TftpRefusal(tftpErrorCodes.undefined, 'Too many transfers: try again', 'too-many')
    const found = await findFile(request, ownAddress, from, context).catch((error: unknown) => {
      release()
      throw error
    })
    if (!found) {
      release()
      throw new TftpRefusal(tftpErrorCodes.fileNotFound, 'No such file in the boot bundle', 'not-found')
    }
    context.counters.increment('tftp_requests', { outcome: 'started' })
    transfers.start({
      bytes: found.bytes,
      negotiated: negotiateTransfer(request.options, found.bytes.length, defaultTransferLimits),
      peer: from,
      asked,
      onEnd: (outcome) => {
        release()
        context.counters.increment('tftp_transfers', { outcome: outcome.kind })
        if (outcome.kind !== 'size-probe') void reportEnd(found, from, outcome, context)
      },
    })
  }

  return (bytes, from, reply) => {
    const key = `${from.address}:${from.port}`
    const refuse = (error: TftpRefusal) => {
      context.counters.increment('tftp_requests', { outcome: error.outcome })
      const packet = { kind: 'error', code: error.code, message: error.message } as const
      reply.send([encodeTftpPacket(packet)], from)
    }
    const request = decodeRequest(bytes, from, context)
    if (!request) return
    if (request instanceof TftpRefusal) return refuse(request)
    if (loading.has(key) || transfers.repeat(bytes, from)) {
      return context.counters.increment('tftp_requests', { outcome: 'repeated' })
    }
    loading.add(key)
    start(request, Uint8Array.from(bytes), from)
      .catch((error: unknown) => {
        if (error instanceof TftpRefusal) return refuse(error)
        context.debug(`tftp to ${key}: ${String(error)}`)
        refuse(new TftpRefusal(tftpErrorCodes.undefined, 'The edge could not read this file', 'failed'))
      })
      .finally(() => loading.delete(key))
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

interface FoundFile {
  bytes: Uint8Array
  /** Left out for what is no file of the bundle. */
  name?: BundleFileName
  /** The machine, where the name that it asked for tells it. */
  mac?: Mac
}

async function findFile(
  request: ReadRequest,
  ownAddress: Ipv4,
  from: UdpEndpoint,
  context: BootContext,
): Promise<FoundFile | undefined> {
  const { bundleDir, bundleReady } = context.index().view
  const asked = parseTftpFileName(request.fileName)
  switch (asked?.kind) {
    case undefined:
      return undefined
    case 'grub-entry':
      return { bytes: Buffer.from(grubEntryScript) }
    case 'grub-script': {
      const { caller } = asked
      const script = { caller, address: ownAddress, client: from.address }
      return { bytes: Buffer.from(makeScript(script, renderGrubScript, context)) }
    }
    case 'bundle': {
      const file = bundleReady ? await context.files.find(bundleDir, asked.name) : undefined
      const bytes = file && (await context.files.load(file))
      const who = asked.mac === undefined ? {} : { mac: asked.mac }
      return file && bytes ? { name: file.name, bytes, ...who } : undefined
    }
  }
}

async function reportEnd(
  { name, mac: told }: FoundFile,
  from: UdpEndpoint,
  outcome: TftpOutcome,
  context: BootContext,
): Promise<void> {
  if (name === undefined) return
  const atMs = context.now()
  const { address } = from
  const mac = told ?? (await lookUpMac(address))
  const who = mac === undefined ? {} : { mac }
  context.report({ kind: 'boot-file', atMs, protocol: 'tftp', name, address, ...who, outcome: outcome.kind })
  if (mac === undefined || outcome.kind !== 'complete') return
  if (name === 'vmlinuz') context.report({ kind: 'kernel-fetched', atMs, mac, address })
  if (name === 'initrd.img') context.report({ kind: 'initrd-fetched', atMs, mac, address })
}
