import type { CipherSuite } from './cipher-suites.ts'
import type { RmcpCryptography } from './cryptography.ts'
import type { SessionKeys } from './protected-packet.ts'

/** What both sides know after RAKP 2; every code and key is made of it (IPMI 2.0 §13.31, 13.32). */
export interface RakpExchange {
  suite: CipherSuite
  consoleSessionId: number
  bmcSessionId: number
  consoleRandom: Uint8Array
  bmcRandom: Uint8Array
  bmcGuid: Uint8Array
  /** The whole byte of RAKP 1. */
  role: number
  username: Uint8Array
}

type Hmac = Pick<RmcpCryptography, 'hmac'>

export function rakp2Code(exchange: RakpExchange, password: Uint8Array, { hmac }: Hmac): Uint8Array {
  const { suite, consoleRandom, bmcRandom, bmcGuid } = exchange
  const ids = [littleEndian(exchange.consoleSessionId), littleEndian(exchange.bmcSessionId)]
  return hmac(suite.hash, password, ...ids, consoleRandom, bmcRandom, bmcGuid, ...user(exchange))
}

export function rakp3Code(exchange: RakpExchange, password: Uint8Array, { hmac }: Hmac): Uint8Array {
  const id = littleEndian(exchange.consoleSessionId)
  return hmac(exchange.suite.hash, password, exchange.bmcRandom, id, ...user(exchange))
}

/** SIK. `key` is K_g where the BMC has one, else the password. */
export function sessionIntegrityKey(exchange: RakpExchange, key: Uint8Array, { hmac }: Hmac): Uint8Array {
  return hmac(exchange.suite.hash, key, exchange.consoleRandom, exchange.bmcRandom, ...user(exchange))
}

export function rakp4Code(exchange: RakpExchange, sik: Uint8Array, { hmac }: Hmac): Uint8Array {
  const { suite, consoleRandom, bmcSessionId, bmcGuid } = exchange
  const code = hmac(suite.hash, sik, consoleRandom, littleEndian(bmcSessionId), bmcGuid)
  return code.subarray(0, suite.rakp4CodeSizeBytes)
}

/** K1 and K2; the constants have 20 bytes whatever the hash. */
export function sessionKeys(suite: CipherSuite, sik: Uint8Array, { hmac }: Hmac): SessionKeys {
  return {
    suite,
    integrityKey: hmac(suite.hash, sik, new Uint8Array(20).fill(1)),
    encryptionKey: hmac(suite.hash, sik, new Uint8Array(20).fill(2)).slice(0, 16),
  }
}

function user({ role, username }: RakpExchange): Uint8Array[] {
  return [Uint8Array.of(role, username.length), username]
}

function littleEndian(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24)
}
