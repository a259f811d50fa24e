import type { Bmc } from '../bmc.ts'

const checksum = (bytes: Uint8Array): number => -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff

function field(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1').subarray(0, 63)
  return Buffer.concat([Buffer.from([0xc0 | bytes.length]), bytes])
}

/** One area: version, length in eights, what is in it, the end mark, zeros and a checksum. */
function area(head: number[], texts: readonly string[]): Buffer {
  const content = Buffer.concat([Buffer.from(head), ...texts.map(field), Buffer.from([0xc1])])
  const length = Math.ceil((content.length + 3) / 8) * 8
  const bytes = Buffer.alloc(length)
  bytes.set([0x01, length / 8])
  bytes.set(content, 2)
  bytes[length - 1] = checksum(bytes)
  return bytes
}

/** The mainboard's FRU data: chassis, board and product (Platform Management FRU Information Storage 1.0). */
export function encodeFru(bmc: Bmc): Buffer {
  const { manufacturer, model } = bmc.personality
  const { serialNumber, name } = bmc.chassis.identity
  // A rack mount chassis; made 2024-01-01, in minutes since 1996.
  const chassis = area([0x17], ['', serialNumber])
  const board = area([0x19, 0xc0, 0xb4, 0xe0], [manufacturer, model, `${serialNumber}B`, 'A01', ''])
  const product = area([0x19], [manufacturer, model, '', 'A01', serialNumber, bmc.assetTag || name, ''])
  const offsets = [1, 1 + chassis.length / 8, 1 + (chassis.length + board.length) / 8]
  const header = Buffer.from([0x01, 0, ...offsets, 0, 0, 0])
  header[7] = checksum(header)
  return Buffer.concat([header, chassis, board, product])
}
