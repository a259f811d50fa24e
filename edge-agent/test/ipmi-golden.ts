import { readFileSync } from 'node:fs'

interface GoldenFrame {
  dir: '>' | '<'
  udp: string
  plain_payload?: string
}

interface GoldenSuite {
  console_random_rm: string
  rakp2_hmac: string
  rakp3_hmac: string
  sik: string
  k1: string
  k2: string
  aes_key: string
  rakp4_icv: string
  frames: GoldenFrame[]
}

interface GoldenSessions {
  username: string
  password: string
  suites: Record<'3' | '17', GoldenSuite>
}

const file = new URL('./fixtures/ipmi/golden-sessions.json', import.meta.url)

/** Sessions of ipmitool with a BMC that is not ours, with every key. */
export const goldenSessions = JSON.parse(readFileSync(file, 'utf8')) as GoldenSessions

export const consoleSessionId = 0xa0a2a3a4
export const bmcSessionId = 0x0200c0de

export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/** The recorded datagrams of one suite: 0-1 without a session, 2-7 set-up, the rest in the session. */
export function goldenFrames(suite: 3 | 17): { isSent: boolean; bytes: Uint8Array; plain: Uint8Array }[] {
  return goldenSessions.suites[suite === 3 ? '3' : '17'].frames.map(({ dir, udp, plain_payload }) => ({
    isSent: dir === '>',
    bytes: bytesOf(udp),
    plain: bytesOf(plain_payload ?? ''),
  }))
}
