export type RedfishFailure =
  | 'unreachable'
  | 'timeout'
  | 'not-redfish'
  | 'tls'
  | 'certificate-changed'
  | 'wrong-password'
  | 'password-change-required'
  | 'no-free-session'
  | 'privilege-too-low'
  | 'licence-missing'
  | 'not-found'
  | 'not-supported'
  | 'busy'
  | 'refused'
  | 'precondition'
  | 'malformed'
  | 'too-large'
  | 'task-failed'
  | 'server-error'
  | 'closed'

/** A refusal, a silence or nonsense of a BMC. The message is for a person, and holds no secret. */
export class RedfishError extends Error {
  readonly reason: RedfishFailure
  readonly status: number | null
  /** Last parts of the ids of what the BMC said, as `PropertyValueNotInList`. */
  readonly messageIds: readonly string[]
  /** Of `certificate-changed`: SHA-256 (hex) of the one that was shown. */
  readonly shownPin: string | null

  constructor(
    reason: RedfishFailure,
    message: string,
    details: { status?: number; messageIds?: readonly string[]; shownPin?: string | null } = {},
  ) {
    super(message)
    this.name = 'RedfishError'
    this.reason = reason
    this.status = details.status ?? null
    this.messageIds = details.messageIds ?? []
    this.shownPin = details.shownPin ?? null
  }
}
