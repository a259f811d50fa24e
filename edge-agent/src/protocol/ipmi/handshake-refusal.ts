import type { IpmiErrorReason } from './ipmi-error.ts'

/** Why a BMC did not open a session, and what to do next. */
export interface HandshakeRefusal {
  reason: IpmiErrorReason
  message: string
  /** Another cipher suite may be taken. */
  triesNextSuite?: boolean
  /** A fresh set-up may work. */
  triesAgain?: boolean
}

const noSuite: HandshakeRefusal = {
  reason: 'no-cipher-suite',
  message:
    'The BMC takes none of the cipher suites that were tried: enable suite 17 (or 3) for IPMI over LAN in its settings.',
  triesNextSuite: true,
}
const noSession: HandshakeRefusal = {
  reason: 'no-free-session',
  message: 'The BMC has no free session: close other IPMI sessions, or wait a minute until they expire.',
}
const tooLow: HandshakeRefusal = {
  reason: 'privilege-too-low',
  message: 'This user may not have the privilege asked for: raise it in the BMC, or ask for a lower one.',
}
const again: HandshakeRefusal = {
  reason: 'refused',
  message: 'The BMC forgot the session while it was being opened.',
  triesAgain: true,
}
const wrongPassword: HandshakeRefusal = {
  reason: 'wrong-password',
  message: 'The password is not the one that the BMC has for this user.',
}
const unknownUser: HandshakeRefusal = {
  reason: 'unknown-user',
  message: 'The BMC knows no user of this name for IPMI over LAN.',
}

/** IPMI 2.0 table 13-15. */
const refusals: Readonly<Record<number, HandshakeRefusal>> = {
  1: noSession,
  2: again,
  4: noSuite,
  5: noSuite,
  6: noSuite,
  7: noSuite,
  8: again,
  9: tooLow,
  10: tooLow,
  11: noSession,
  12: { ...unknownUser, message: 'The BMC says that the user name is too long.' },
  13: unknownUser,
  15: wrongPassword,
  16: noSuite,
  17: noSuite,
  18: noSuite,
}

/** Old boards answer 01h, 0Ah or 12h to an Open Session Request with a suite they do not know; OpenBMC answers 01h. */
const suiteInDisguise = new Set([0x01, 0x0a])

export function refusalOf(status: number, stage: 'opening' | 'rakp'): HandshakeRefusal {
  const refusal = refusals[status] ?? {
    reason: 'refused' as const,
    message: `The BMC refused to open a session, with status ${status.toString(16).padStart(2, '0')}h.`,
  }
  return stage === 'opening' && suiteInDisguise.has(status) ? { ...refusal, triesNextSuite: true } : refusal
}
