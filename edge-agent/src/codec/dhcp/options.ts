import {
  addressKind,
  addressListKind,
  bytesKind,
  codeListKind,
  decodeKind,
  machineUuidKind,
  type OptionKind,
  textKind,
  uint8Kind,
  uint16Kind,
  uint16ListKind,
  uint32Kind,
} from './option-kinds.ts'
import type { DhcpOptionMap } from './option-list.ts'

/** One DHCP option: its code, the name used in dumps, and how its value is read. */
export interface DhcpOption<Value> {
  code: number
  name: string
  kind: OptionKind<Value>
  /** The value as text. Throws MalformedPacketError where it is broken. */
  render: (value: Uint8Array) => string
}

function option<Value>(code: number, name: string, kind: OptionKind<Value>): DhcpOption<Value> {
  return { code, name, kind, render: (value) => kind.render(decodeKind(kind, value)) }
}

/** Every option that this edge reads, writes or shows. RFC 2132 unless said otherwise. */
export const dhcpOptions = {
  subnetMask: option(1, 'subnet-mask', addressKind),
  router: option(3, 'router', addressListKind),
  domainNameServer: option(6, 'domain-name-server', addressListKind),
  hostName: option(12, 'host-name', textKind),
  domainName: option(15, 'domain-name', textKind),
  broadcastAddress: option(28, 'broadcast-address', addressKind),
  ntpServers: option(42, 'ntp-servers', addressListKind),
  vendorInformation: option(43, 'vendor-information', bytesKind),
  requestedAddress: option(50, 'requested-address', addressKind),
  leaseTime: option(51, 'lease-time', uint32Kind),
  overload: option(52, 'overload', uint8Kind),
  messageType: option(53, 'message-type', uint8Kind),
  serverIdentifier: option(54, 'server-identifier', addressKind),
  parameterRequestList: option(55, 'parameter-request-list', codeListKind),
  message: option(56, 'message', textKind),
  maximumMessageSize: option(57, 'maximum-message-size', uint16Kind),
  renewalTime: option(58, 'renewal-time', uint32Kind),
  rebindingTime: option(59, 'rebinding-time', uint32Kind),
  vendorClass: option(60, 'vendor-class', textKind),
  clientIdentifier: option(61, 'client-identifier', bytesKind),
  tftpServerName: option(66, 'tftp-server-name', textKind),
  bootFileName: option(67, 'boot-file-name', textKind),
  /** RFC 3004; iPXE sends bare text instead of counted strings. */
  userClass: option(77, 'user-class', bytesKind),
  /** RFC 3046. */
  relayInformation: option(82, 'relay-information', bytesKind),
  /** RFC 4578 §2.1. */
  clientArchitecture: option(93, 'client-architecture', uint16ListKind),
  /** RFC 4578 §2.2. */
  clientInterface: option(94, 'client-interface', bytesKind),
  /** RFC 4578 §2.3. */
  machineUuid: option(97, 'machine-uuid', machineUuidKind),
  ipxe: option(175, 'ipxe', bytesKind),
} as const

const optionsByCode = new Map(Object.values(dhcpOptions).map((entry) => [entry.code, entry]))

/**
 * The value of an option, or undefined where it is absent.
 * @throws MalformedPacketError where it is there but broken, so that broken never reads as missing.
 */
export function readOption<Value>(options: DhcpOptionMap, entry: DhcpOption<Value>): Value | undefined {
  const value = options.get(entry.code)
  return value === undefined ? undefined : decodeKind(entry.kind, value)
}

export function writeOption<Value>(options: DhcpOptionMap, entry: DhcpOption<Value>, value: Value): void {
  options.set(entry.code, entry.kind.encode(value))
}

/** `name=value` for a dump; options that are unknown or broken are shown in hex. */
export function renderOption(code: number, value: Uint8Array): string {
  const entry = optionsByCode.get(code)
  const label = entry ? `${code} ${entry.name}` : `${code}`
  if (!entry) return `${label}: ${bytesKind.render(value)}`
  try {
    return `${label}: ${entry.render(value)}`
  } catch {
    return `${label}: malformed ${bytesKind.render(value)}`
  }
}
