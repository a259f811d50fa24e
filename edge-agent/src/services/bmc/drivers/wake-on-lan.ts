import type { HostInterface } from '@dragonfly/schema/wire'
import { encodeMagicPacket, isSecureOnPassword } from '../../../codec/wake-on-lan.ts'
import type { OpenUdpSocket } from '../../../ports/udp.ts'
import { type BmcDriver, BmcError, type BmcTarget, type OpenCredentials } from '../driver.ts'

/** The discard port, by custom; NICs look at the bytes, and nobody at the port. */
const wakePort = 9
const repeats = 3

export interface WakeOnLanPorts {
  openUdp: OpenUdpSocket
  /** The interfaces from which machines are reached. */
  interfaces: () => readonly Pick<HostInterface, 'name' | 'address'>[]
  /** A SecureOn password is sealed as the password of a machine that is only woken. */
  openCredentials: OpenCredentials
}

/** Wakes machines that are off. It sees nothing, and can't do anything else. */
export function createWakeOnLanDriver(ports: WakeOnLanPorts): BmcDriver {
  return {
    name: 'wake-on-lan',
    fits: (target) => macsToWake(target).length > 0,
    open: async (target) => ({
      power: {
        read: async () => 'unknown',
        set: async (wish) => {
          if (wish !== 'on') throw new BmcError('not-supported', 'Wake-on-LAN can only switch a machine on.')
          await wake(ports, target)
        },
      },
      close: async () => undefined,
    }),
  }
}

function macsToWake({ bmc, macs }: BmcTarget): readonly string[] {
  return bmc?.mac ? [bmc.mac] : macs
}

async function wake(ports: WakeOnLanPorts, target: BmcTarget): Promise<void> {
  const secureOn = await readSecureOn(ports, target)
  const packets = macsToWake(target).map((mac) => encodeMagicPacket(mac, secureOn))
  const addresses = ports.interfaces().flatMap(({ address }) => (address === null ? [] : [address]))
  if (addresses.length === 0)
    throw new BmcError(
      'no-interface',
      'The edge has no network interface with an IPv4 address to wake it from.',
    )
  const errors: Error[] = []
  for (const address of addresses) await broadcast(ports.openUdp, address, packets, errors)
  if (errors.length >= addresses.length * packets.length * repeats)
    throw new BmcError('not-sent', `The wake-up packet could not be sent: ${errors[0]?.message}.`)
}

async function readSecureOn({ openCredentials }: WakeOnLanPorts, target: BmcTarget): Promise<string | null> {
  if (target.bmc?.protocol !== 'wake-on-lan' || target.bmc.credentials === null) return null
  const opened = await openCredentials(target)
  if (opened.kind === 'refused') throw new BmcError(opened.reason, opened.message)
  const { password } = opened.credentials
  if (isSecureOnPassword(password)) return password
  throw new BmcError('bad-password', 'A SecureOn password is six pairs of hex digits, like a MAC address.')
}

/** Bound to an interface's address, Linux sends the broadcast out there. */
async function broadcast(
  openUdp: OpenUdpSocket,
  address: string,
  packets: readonly Uint8Array[],
  errors: Error[],
): Promise<void> {
  const count = packets.length * repeats
  const socket = await openUdp(
    { address, port: 0, broadcast: true },
    { packet: () => undefined, error: (error) => errors.push(error) },
  ).catch((error: Error) => {
    errors.push(...Array.from({ length: count }, () => error))
    return null
  })
  if (!socket) return
  for (const packet of packets) {
    for (let i = 0; i < repeats; i++) {
      socket.send([packet], { address: '255.255.255.255', port: wakePort })
    }
  }
  // What was handed to the socket goes out before it closes only if it gets the time to.
  await new Promise((resolve) => setTimeout(resolve, 50))
  socket.close()
}
