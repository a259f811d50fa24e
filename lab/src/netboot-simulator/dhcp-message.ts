/** DHCP as a netbooting client speaks it (RFC 2131, 2132; PXE 2.1 §2.2; RFC 4578), written apart from the edge's codec. */
export const dhcpMessageTypes = { discover: 1, offer: 2, request: 3, ack: 5, nak: 6 } as const

export interface DhcpQuestion {
  type: number
  transactionId: number
  mac: string
  uuid: string
  /** Option 93. */
  architecture: number
  isIpxe: boolean
  clientAddress?: string
  requestedAddress?: string
  server?: string
}

export interface DhcpAnswer {
  type: number
  transactionId: number
  mac: string
  yourAddress: string
  nextServer: string
  server: string
  vendorClass: string
  bootFile: string
  /** PXE's discovery control says: load the named file, ask nobody. */
  namesFileOnly: boolean
}

const cookie = Buffer.from([0x63, 0x82, 0x53, 0x63])
const headerBytes = 236

export function encodeDhcpQuestion(question: DhcpQuestion): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.set([1, 1, 6, 0])
  header.writeUInt32BE(question.transactionId, 4)
  header.writeUInt16BE(0x8000, 10)
  if (question.clientAddress) header.set(addressBytes(question.clientAddress), 12)
  header.set(Buffer.from(question.mac.replaceAll(':', ''), 'hex'), 28)
  const architecture = String(question.architecture).padStart(5, '0')
  const options: [number, Uint8Array][] = [
    [53, Uint8Array.of(question.type)],
    [57, Uint8Array.of(0x05, 0xc0)],
    [60, Buffer.from(`PXEClient:Arch:${architecture}:UNDI:002001`)],
    [93, Uint8Array.of(question.architecture >> 8, question.architecture & 255)],
    [94, Uint8Array.of(1, 2, 1)],
    [97, uuidBytes(question.uuid)],
    [55, Uint8Array.of(1, 3, 6, 12, 15, 43, 60, 66, 67, 175)],
  ]
  if (question.requestedAddress) options.push([50, addressBytes(question.requestedAddress)])
  if (question.server) options.push([54, addressBytes(question.server)])
  // iPXE's own: HTTP (0x13) is among its features.
  if (question.isIpxe) options.push([77, Buffer.from('iPXE')], [175, Uint8Array.of(0x13, 1, 1)])
  const encoded = options.map(([code, value]) => Buffer.concat([Buffer.from([code, value.length]), value]))
  return Buffer.concat([header, cookie, ...encoded, Buffer.from([255])])
}

/** An answer of a server; undefined for anything else. */
export function decodeDhcpAnswer(bytes: Buffer): DhcpAnswer | undefined {
  if (bytes.length < headerBytes + 4 || bytes[0] !== 2) return undefined
  if (!bytes.subarray(headerBytes, headerBytes + 4).equals(cookie)) return undefined
  const options = readOptions(bytes.subarray(headerBytes + 4))
  const text = (code: number): string => untilNul(options.get(code) ?? Buffer.alloc(0))
  const server = options.get(54)
  return {
    type: options.get(53)?.[0] ?? 0,
    transactionId: bytes.readUInt32BE(4),
    mac: [...bytes.subarray(28, 34)].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
    yourAddress: bytes.subarray(16, 20).join('.'),
    nextServer: bytes.subarray(20, 24).join('.'),
    server: server?.length === 4 ? server.join('.') : '',
    vendorClass: text(60),
    bootFile: text(67) || untilNul(bytes.subarray(108, headerBytes)),
    namesFileOnly: saysFileOnly(options.get(43)),
  }
}

function readOptions(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>()
  for (let at = 0; at + 1 < bytes.length; ) {
    const code = bytes.readUInt8(at)
    if (code === 255) break
    if (code === 0) {
      at++
      continue
    }
    const length = bytes.readUInt8(at + 1)
    options.set(code, bytes.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return options
}

function saysFileOnly(vendorOptions: Buffer | undefined): boolean {
  return vendorOptions ? ((readOptions(vendorOptions).get(6)?.[0] ?? 0) & 8) !== 0 : false
}

function untilNul(bytes: Buffer): string {
  return (bytes.toString('latin1').split('\0', 1)[0] ?? '').trim()
}

function addressBytes(address: string): Uint8Array {
  return Uint8Array.from(address.split('.').map(Number))
}

/** Type 0, then the UUID with its first three fields the wrong way round, as SMBIOS has them. */
function uuidBytes(uuid: string): Uint8Array {
  const fields = uuid.split('-').map((field) => Buffer.from(field, 'hex'))
  return Buffer.concat([Buffer.from([0]), ...fields.map((field, at) => (at < 3 ? field.reverse() : field))])
}
