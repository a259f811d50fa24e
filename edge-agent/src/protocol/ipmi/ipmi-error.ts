/** Why something with a BMC did not work. */
export type IpmiErrorReason =
  /** Nothing answers at that address. */
  | 'timeout'
  | 'unreachable'
  | 'bad-address'
  | 'bad-credentials'
  | 'unknown-user'
  | 'wrong-password'
  | 'wrong-kg'
  | 'no-cipher-suite'
  | 'no-free-session'
  | 'privilege-too-low'
  | 'completion-code'
  | 'malformed'
  | 'not-supported'
  | 'console-in-use'
  | 'closed'
  /** The BMC broke off, or refused for a reason of its own. */
  | 'refused'

/** A failure with a BMC: a reason for programs, and a sentence for a person. */
export class IpmiError extends Error {
  override readonly name = 'IpmiError'
  readonly reason: IpmiErrorReason
  /** For reason `completion-code`. */
  readonly completionCode: number | undefined
  /** The command's name in the specification, where one was answered. */
  readonly command: string | undefined

  constructor(
    reason: IpmiErrorReason,
    message: string,
    details: { completionCode?: number; command?: string; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.reason = reason
    this.completionCode = details.completionCode
    this.command = details.command
  }
}
