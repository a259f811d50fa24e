import { ByteReader, latin1 } from '../byte-reader.ts'
import type { Uuid } from '../uuid.ts'
import type { DhcpOptionMap } from './option-list.ts'
import { dhcpOptions, readOption } from './options.ts'

/** What a netbooting client says about itself in its DHCP options. */
export interface BootClient {
  /** `PXEClient` or `HTTPClient`: the start of option 60, which also selects how we answer. */
  protocol: 'PXEClient' | 'HTTPClient'
  /** Option 60 as it came. */
  vendorClass: string
  /** Option 93; else the number in option 60; empty where neither says. IANA "Processor Architecture Types". */
  architectures: number[]
  machineUuid?: Uuid
  ipxe?: IpxeClient
}

interface IpxeClient {
  /** False only where iPXE lists its features and HTTP is not among them. */
  canHttp: boolean
}

const httpFeature = 0x13

/** Reads the boot client's options; undefined where option 60 is not that of a PXE or HTTP boot client. */
export function readBootClient(options: DhcpOptionMap): BootClient | undefined {
  const vendorClass = readOption(options, dhcpOptions.vendorClass) ?? ''
  const protocol = (['PXEClient', 'HTTPClient'] as const).find((name) => vendorClass.startsWith(name))
  if (!protocol) return undefined
  const client: BootClient = { protocol, vendorClass, architectures: readArchitectures(options, vendorClass) }
  const machineUuid = readOption(options, dhcpOptions.machineUuid)
  if (machineUuid) client.machineUuid = machineUuid
  const ipxe = readIpxe(options)
  if (ipxe) client.ipxe = ipxe
  return client
}

function readArchitectures(options: DhcpOptionMap, vendorClass: string): number[] {
  const listed = readOption(options, dhcpOptions.clientArchitecture)
  if (listed) return listed
  const named = /:Arch:(\d{5})/.exec(vendorClass)?.[1]
  return named === undefined ? [] : [Number(named)]
}

/** iPXE sends a bare `iPXE` in option 77; other builds send RFC 3004's counted form, or only option 175. */
function readIpxe(options: DhcpOptionMap): IpxeClient | undefined {
  const userClass = latin1(readOption(options, dhcpOptions.userClass) ?? new Uint8Array())
  const features = readOption(options, dhcpOptions.ipxe)
  const named = userClass.startsWith('iPXE') || userClass.slice(1).startsWith('iPXE')
  if (!named && !features) return undefined
  return { canHttp: !features || listsFeature(features, httpFeature) }
}

function listsFeature(features: Uint8Array, wanted: number): boolean {
  const reader = new ByteReader(features, 'dhcp')
  let listed = 0
  while (reader.remaining > 0) {
    const feature = reader.uint8()
    if (feature === 0) continue
    if (feature === 255) break
    reader.bytes(reader.uint8())
    if (feature === wanted) return true
    if (feature < 0x80) listed++
  }
  return listed === 0
}
