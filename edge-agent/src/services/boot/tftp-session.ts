import { ByteWriter } from '../../codec/byte-writer.ts'
import { MalformedPacketError } from '../../codec/malformed-packet-error.ts'
import type { negotiateTransfer } from '../../codec/tftp/options.ts'
import { decodeTftpPacket, encodeTftpPacket, type TftpPacket } from '../../codec/tftp/packet.ts'
import type { UdpEndpoint } from '../../ports/udp.ts'
import {
  createTftpTransfer,
  type TftpAction,
  type TftpEvent,
  type TftpOutcome,
  transitionTftpTransfer,
} from '../../protocol/tftp-transfer.ts'
import type { BootContext } from './context.ts'

export interface TftpSessionOptions {
  bytes: Uint8Array
  negotiated: ReturnType<typeof negotiateTransfer>
  local: { address: string; device?: string }
  peer: UdpEndpoint
  context: BootContext
  /** Called once. */
  onEnd: (outcome: TftpOutcome) => void
}

/** Runs one transfer on a socket that is connected to its client: nobody else is heard there. */
export async function runTftpTransfer(options: TftpSessionOptions): Promise<{ close: () => void }> {
  const { bytes, context, onEnd } = options
  let state = createTftpTransfer(bytes.length, options.negotiated)
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const socket = await context.openUdpSocket(
    { ...options.local, port: 0, peer: options.peer },
    {
      packet: (received) => {
        const packet = decode(received, context)
        if (packet) step({ kind: 'received', packet, atMs: context.now() })
      },
      // A connected socket hears "port unreachable" from a client that has gone.
      error: (error) => end({ kind: 'aborted', message: error.message }),
    },
  )

  function step(event: TftpEvent): void {
    if (closed) return
    const { state: next, actions } = transitionTftpTransfer(state, event)
    state = next
    for (const action of actions) act(action)
  }

  function act(action: TftpAction): void {
    switch (action.kind) {
      case 'send-options':
        socket.send([encodeTftpPacket({ kind: 'option-ack', options: action.options })])
        break
      case 'send-block': {
        const { block, offsetBytes, lengthBytes } = action
        socket.send([dataHeader(block), bytes.subarray(offsetBytes, offsetBytes + lengthBytes)])
        break
      }
      case 'set-timer':
        clearTimeout(timer)
        timer = setTimeout(() => step({ kind: 'timer', atMs: context.now() }), action.delayMs)
        break
      case 'end':
        end(action.outcome)
    }
  }

  function close(): void {
    closed = true
    clearTimeout(timer)
    socket.close()
  }

  function end(outcome: TftpOutcome): void {
    if (closed) return
    close()
    onEnd(outcome)
  }

  step({ kind: 'started', atMs: context.now() })
  return { close }
}

/** Opcode 3 and the block's 16 bits; the payload is sent from the file's own memory. */
function dataHeader(block: number): Uint8Array {
  return new ByteWriter(4)
    .uint16(3)
    .uint16(block & 0xffff)
    .finish()
}

function decode(bytes: Uint8Array, context: BootContext): TftpPacket | undefined {
  try {
    return decodeTftpPacket(bytes)
  } catch (error) {
    if (!(error instanceof MalformedPacketError)) throw error
    context.counters.increment('tftp_requests', { outcome: 'malformed' })
    return undefined
  }
}
