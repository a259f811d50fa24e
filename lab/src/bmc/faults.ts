/** What is wrong with a simulated BMC, and its network, at the moment. Everything may be changed while it runs. */
export interface BmcFaults {
  /** Share of IPMI packets that get lost, each way: 0 to 1. */
  lossRate: number
  /** Every answer, IPMI and Redfish, is this late. */
  delayMs: number
  /** IPMI answers carry the request sequence number of some other request. */
  wrongSequence: boolean
  /** The authentication code of IPMI packets in a session does not fit. */
  wrongIntegrity: boolean
  /** No session is free, in neither protocol. */
  noFreeSession: boolean
  /** Redfish lets nobody do anything but change a password first. */
  passwordChangeRequired: boolean
  /** The status that Redfish answers requests with instead of doing them; the service root is spared. */
  httpStatus: number | undefined
  /** Share of Redfish requests that `httpStatus` is for: 0 to 1. */
  httpStatusRate: number
  /** IPMI completion code that every command in a session gets, such as 0xc0 (busy). */
  completionCode: number | undefined
}

export const noFaults: BmcFaults = {
  lossRate: 0,
  delayMs: 0,
  wrongSequence: false,
  wrongIntegrity: false,
  noFreeSession: false,
  passwordChangeRequired: false,
  httpStatus: undefined,
  httpStatusRate: 1,
  completionCode: undefined,
}

export const faultNames = Object.keys(noFaults)
