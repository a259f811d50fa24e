import {
  type ChannelAuthCapabilities,
  getChannelAuthCapabilities,
} from '../../codec/ipmi/channel-auth-capabilities.ts'
import { decodeCipherSuiteRecords, getChannelCipherSuites } from '../../codec/ipmi/channel-cipher-suites.ts'
import { encodePresencePing, type PresencePong } from '../../codec/rmcp/asf.ts'
import type { RmcpCryptography } from '../../codec/rmcp/cryptography.ts'
import { openNodeUdpSocket } from '../../io/node-udp-socket.ts'
import type { OpenUdpSocket, UdpEndpoint } from '../../ports/udp.ts'
import { awaitFor } from './awaiting.ts'
import { nodeCryptography } from './cryptography.ts'
import { IpmiSession } from './session.ts'
import { requestSessionless } from './sessionless.ts'
import { type IpmiTarget, identityOf, resolveEndpoint } from './target.ts'
import { openTransport, type Transport, type TransportCounters } from './transport.ts'

export interface IpmiClientOptions {
  openSocket?: OpenUdpSocket
  /** Milliseconds that only go forward. */
  now?: () => number
  cryptography?: RmcpCryptography
}

export interface IpmiAddress {
  /** IPv4 address or host name. */
  address: string
  /** 623 by default. */
  port?: number
}

/** Speaks IPMI 2.0 with any number of BMCs over one UDP socket. */
export interface IpmiClient {
  /** Opens a session, which stays open until it is closed. @throws IpmiError */
  open: (target: IpmiTarget) => Promise<IpmiSession>
  /** Asks without credentials whether a BMC is there (RMCP presence ping); undefined when nothing answers. */
  ping: (address: IpmiAddress, timeoutMs?: number) => Promise<PresencePong | undefined>
  /** Asks without credentials what logins the BMC has; undefined when nothing answers. Some answer this, but no ping. */
  getAuthCapabilities: (
    address: IpmiAddress,
    timeoutsMs?: readonly number[],
  ) => Promise<ChannelAuthCapabilities | undefined>
  /** The cipher suites that the BMC says it has; none when it does not say. */
  getCipherSuites: (address: IpmiAddress) => Promise<number[]>
  counters: () => TransportCounters
  /** Closes every session, then the socket. */
  close: () => Promise<void>
}

const lookingAfterEveryMs = 5000
const mostCipherSuiteParts = 16

export async function createIpmiClient(options: IpmiClientOptions = {}): Promise<IpmiClient> {
  const now = options.now ?? (() => performance.now())
  const cryptography = options.cryptography ?? nodeCryptography
  const transport = await openTransport(options.openSocket ?? openNodeUdpSocket)
  const sessions = new Set<IpmiSession>()
  const timer = setInterval(() => {
    for (const session of sessions) void session.keepAlive()
  }, lookingAfterEveryMs)
  timer.unref()
  const onClose = (session: IpmiSession): void => {
    sessions.delete(session)
  }
  return {
    open: async (target) => {
      const identity = identityOf(target)
      const address = await resolveEndpoint(target)
      const offeredSuites = () => cipherSuitesOf(transport, address)
      const session = new IpmiSession(identity, address, {
        transport,
        cryptography,
        now,
        offeredSuites,
        onClose,
      })
      sessions.add(session)
      try {
        await session.open()
        return session
      } catch (error) {
        await session.close()
        throw error
      }
    },
    ping: async (address, timeoutMs) => pingBmc(transport, await resolveEndpoint(address), timeoutMs),
    getAuthCapabilities: async (address, timeoutsMs) => {
      const endpoint = await resolveEndpoint(address)
      return requestSessionless(transport, endpoint, getChannelAuthCapabilities, { privilege: 4 }, timeoutsMs)
    },
    getCipherSuites: async (address) => cipherSuitesOf(transport, await resolveEndpoint(address)),
    counters: () => ({ ...transport.counters }),
    close: async () => {
      clearInterval(timer)
      await Promise.all([...sessions].map((session) => session.close()))
      transport.close()
    },
  }
}

async function pingBmc(
  transport: Transport,
  address: UdpEndpoint,
  timeoutMs = 1000,
): Promise<PresencePong | undefined> {
  const awaiting = awaitFor<PresencePong>(timeoutMs)
  const { endpoint, stop } = transport.listen(address, (packet) => {
    if (packet.kind !== 'pong') return false
    awaiting.give(packet.pong)
    return true
  })
  transport.send(endpoint, encodePresencePing(0))
  return awaiting.promise.finally(stop)
}

async function cipherSuitesOf(transport: Transport, address: UdpEndpoint): Promise<number[]> {
  const bytes: number[] = []
  for (let index = 0; index < mostCipherSuiteParts; index++) {
    const part = await requestSessionless(transport, address, getChannelCipherSuites, { index })
    bytes.push(...(part ?? []))
    if (!part || part.length < 16) break
  }
  return decodeCipherSuiteRecords(Uint8Array.from(bytes))
}
