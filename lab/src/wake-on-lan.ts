import type { ChildProcess } from 'node:child_process'
import type { Lab } from './lab.ts'
import type { Machine } from './machine.ts'

/** What a machine's network card heard while it was off. */
interface WakeCall {
  /** The whole Ethernet frame. */
  frame: Buffer
  /** It named this card, with the password that it wants. */
  isObeyed: boolean
}

interface StandbyCard extends AsyncDisposable {
  readonly calls: readonly WakeCall[]
}

const pcapHeaderBytes = 24
const recordHeaderBytes = 16

/**
 * The part of a network card that stays under power while its machine is off: it hears magic packets on the LAN, and
 * presses the power button. A stand-in for hardware that QEMU has none of: its machines that are off are no process. It
 * is a sniffer, for a card looks at frames and not at sockets.
 * @param secureOn Six bytes in hex that a call has to end with; none are wanted when left out.
 */
export async function startStandbyCard(lab: Lab, machine: Machine, secureOn?: string): Promise<StandbyCard> {
  const calls: WakeCall[] = []
  // Every packet comes more than once.
  let pressing: Promise<void> = Promise.resolve()
  const take = (frame: Buffer): void => {
    const password = findMagic(frame, machine.mac)
    if (password === undefined) return
    const isObeyed = secureOn === undefined || password.toString('hex') === secureOn.replaceAll(':', '')
    calls.push({ frame, isObeyed })
    if (!isObeyed) return
    pressing = pressing
      .then(() => machine.powerOn())
      .catch((error: unknown) => void process.stderr.write(`standby card: ${String(error)}\n`))
  }
  // As UDP to whatever port, or as an Ethernet frame of its own type.
  const filter = `(ether broadcast or ether dst ${machine.mac}) and (udp or ether proto 0x0842)`
  const sniffer = await lab.spawn(
    'lan',
    ['tcpdump', '-i', 'br0', '--immediate-mode', '-U', '-w', '-', filter],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  await listening(sniffer)
  let waiting = Buffer.alloc(0)
  let isHeaderRead = false
  sniffer.stdout?.on('data', (part: Buffer) => {
    waiting = Buffer.concat([waiting, part])
    if (!isHeaderRead && waiting.length >= pcapHeaderBytes) {
      waiting = waiting.subarray(pcapHeaderBytes)
      isHeaderRead = true
    }
    while (isHeaderRead && waiting.length >= recordHeaderBytes) {
      const end = recordHeaderBytes + waiting.readUInt32LE(8)
      if (waiting.length < end) return
      take(Buffer.from(waiting.subarray(recordHeaderBytes, end)))
      waiting = waiting.subarray(end)
    }
  })
  return {
    calls,
    [Symbol.asyncDispose]: async () => {
      sniffer.kill('SIGTERM')
    },
  }
}

function listening(sniffer: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    sniffer.stderr?.on('data', (part: Buffer) => {
      said += part.toString()
      if (said.includes('listening on')) resolve()
    })
    sniffer.once('exit', () => reject(new Error(`tcpdump ended: ${said}`)))
    sniffer.once('error', reject)
  })
}

/** What follows a magic packet for this address (up to six bytes); undefined for any other frame. */
function findMagic(frame: Buffer, mac: string): Buffer | undefined {
  const address = Buffer.from(mac.replaceAll(':', ''), 'hex')
  const magic = Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)])
  const at = frame.indexOf(magic)
  return at < 0 ? undefined : frame.subarray(at + magic.length, at + magic.length + 6)
}
