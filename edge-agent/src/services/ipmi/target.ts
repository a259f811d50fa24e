import { lookup } from 'node:dns/promises'
import { fromLatin1 } from '../../codec/byte-writer.ts'
import { parseIpv4 } from '../../codec/ipv4.ts'
import { type CipherSuite, cipherSuite } from '../../codec/rmcp/cipher-suites.ts'
import { encodeUsername } from '../../codec/rmcp/rakp.ts'
import type { UdpEndpoint } from '../../ports/udp.ts'
import { IpmiError } from '../../protocol/ipmi/ipmi-error.ts'

export type IpmiPrivilege = 'user' | 'operator' | 'administrator'

/** A BMC, and who to be there. */
export interface IpmiTarget {
  /** IPv4 address or host name. */
  address: string
  /** 623 by default. */
  port?: number
  /** Up to 16 characters; empty for the null user. */
  username: string
  /** Up to 20 characters. */
  password: string
  /** K_g where the BMC has one: up to 20 characters, or bytes. */
  kg?: string | Uint8Array
  /** In order of preference; 17, then 3. Of 1, 2, 3, 8, 15, 16 and 17; suites without encryption or signatures only when named here. */
  cipherSuites?: readonly number[]
  /** Administrator by default. */
  privilege?: IpmiPrivilege
}

/** A target, checked and as bytes. */
export interface SessionIdentity {
  /** For messages. */
  name: string
  username: Uint8Array
  password: Uint8Array
  kg: Uint8Array | undefined
  suites: readonly CipherSuite[]
  /** Whether the suites are the caller's choice, so that no other may be taken. */
  hasChosenSuites: boolean
  privilege: number
}

const privileges = { user: 2, operator: 3, administrator: 4 } as const
const defaultPort = 623
const defaultSuites = [17, 3]

/** @throws IpmiError `bad-credentials` for what no BMC could take. */
export function identityOf(target: IpmiTarget): SessionIdentity {
  const username = encodeUsername(target.username)
  if (!username)
    throw new IpmiError(
      'bad-credentials',
      'A BMC’s user name has at most 16 characters, none of them exotic.',
    )
  const suites = (target.cipherSuites ?? defaultSuites).flatMap((id) => cipherSuite(id) ?? [])
  if (suites.length === 0)
    throw new IpmiError(
      'no-cipher-suite',
      'None of the cipher suites asked for is one of 1, 2, 3, 8, 15, 16, 17.',
    )
  return {
    name: target.address,
    username,
    password: secretBytes(target.password, 'The password'),
    kg: target.kg === undefined || target.kg.length === 0 ? undefined : secretBytes(target.kg, 'K_g'),
    suites,
    hasChosenSuites: target.cipherSuites !== undefined,
    privilege: privileges[target.privilege ?? 'administrator'],
  }
}

function secretBytes(secret: string | Uint8Array, what: string): Uint8Array {
  const isLatin1 = typeof secret !== 'string' || !/[^ -\u00ff]/.test(secret)
  if (secret.length > 20 || !isLatin1)
    throw new IpmiError('bad-credentials', `${what} of a BMC has at most 20 characters, none of them exotic.`)
  return typeof secret === 'string' ? fromLatin1(secret) : secret.slice()
}

/** @throws IpmiError `bad-address` */
export async function resolveEndpoint(target: { address: string; port?: number }): Promise<UdpEndpoint> {
  const port = target.port ?? defaultPort
  if (parseIpv4(target.address)) return { address: target.address, port }
  try {
    const { address } = await lookup(target.address, { family: 4 })
    return { address, port }
  } catch (cause) {
    const message = `The BMC’s name “${target.address}” leads to no IPv4 address: check the name, or give the address.`
    throw new IpmiError('bad-address', message, { cause })
  }
}
