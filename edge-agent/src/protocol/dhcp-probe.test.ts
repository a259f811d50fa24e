import { expect, it } from 'vitest'
import { dhcpOptions, readOption, writeOption } from '../codec/dhcp/options.ts'
import { bootReply, type DhcpPacket, decodeDhcpPacket, encodeDhcpPacket } from '../codec/dhcp/packet.ts'
import { addServer, buildProbes, isProbe, readOffer } from './dhcp-probe.ts'

const transactions = { plain: 0x11111111, pxe: 0xfefefefe }
const probes = buildProbes('52:54:00:77:00:02', transactions).map((packet) =>
  decodeDhcpPacket(encodeDhcpPacket(packet)),
)
const router = '192.0.2.1'
const edge = '192.0.2.2'

function offer(changes: Partial<DhcpPacket> & { file?: string; type?: number } = {}): DhcpPacket {
  const { file, type = 2, ...rest } = changes
  const options = new Map<number, Uint8Array>()
  writeOption(options, dhcpOptions.messageType, type)
  writeOption(options, dhcpOptions.serverIdentifier, router)
  if (file) writeOption(options, dhcpOptions.bootFileName, file)
  const [probe] = probes
  if (!probe) throw new Error('there are two')
  return { ...probe, op: bootReply, yourAddress: '192.0.2.77', options, ...rest }
}

it('asks once as anybody, once as a PXE client, and takes no address', () => {
  expect(probes.map(({ transactionId }) => transactionId)).toEqual([transactions.plain, transactions.pxe])
  expect(probes.map(({ options }) => readOption(options, dhcpOptions.vendorClass)?.slice(0, 9))).toEqual([
    undefined,
    'PXEClient',
  ])
  for (const probe of probes) {
    expect(probe.flags).toBe(0x8000)
    expect(readOption(probe.options, dhcpOptions.messageType)).toBe(1)
    expect(isProbe(probe)).toBe(true)
  }
  expect(isProbe({ ...offer(), options: new Map([[61, Uint8Array.of(1, 2, 3)]]) })).toBe(false)
})

it('reads who offered what', () => {
  const read = (packet: DhcpPacket, from = router) => readOffer(packet, from, [edge])
  expect(read(offer())).toEqual({ address: router, isProxy: false, bootFile: null })
  expect(read(offer({ file: 'old\u0007.0' }))).toMatchObject({ bootFile: 'old.0' })
  expect(read(offer({ bootFile: 'x.efi', yourAddress: '0.0.0.0' }))).toEqual({
    address: router,
    isProxy: true,
    bootFile: 'x.efi',
  })
  expect(read(offer(), edge)).toBeUndefined()
  expect(read(offer({ type: 5 }))).toBeUndefined()
  expect(read(offer({ op: 1 }))).toBeUndefined()
})

it('takes no offence at a server that sends machines to this edge', () => {
  expect(readOffer(offer({ bootFile: 'snponly.efi', serverAddress: edge }), router, [edge])).toMatchObject({
    bootFile: null,
  })
  expect(readOffer(offer({ file: `http://${edge}:6870/x` }), router, [edge])).toMatchObject({
    bootFile: null,
  })
})

it('joins what one server answered to both', () => {
  const plain = { address: router, isProxy: false, bootFile: null }
  const pxe = { address: router, isProxy: true, bootFile: 'a.0' }
  expect(addServer(addServer([], pxe), plain)).toEqual([{ ...plain, bootFile: 'a.0' }])
  expect(addServer(addServer([], plain), pxe)).toEqual([{ ...plain, bootFile: 'a.0' }])
  const many = Array.from({ length: 40 }, (_, index) => ({ ...plain, address: `192.0.2.${index}` }))
  expect(many.reduce(addServer, [] as ReturnType<typeof addServer>)).toHaveLength(16)
})
