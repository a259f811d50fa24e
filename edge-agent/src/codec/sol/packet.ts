import { ByteReader } from '../byte-reader.ts'

/** A packet of Serial over LAN (IPMI 2.0 §15.9). */
export interface SolPacket {
  /** 1-15; 0 for one that only acknowledges. */
  sequence: number
  /** Of the packet that is acknowledged; 0 for none. */
  acknowledged: number
  /** How many of that packet's characters were taken. */
  acceptedCount: number
  /** From the BMC: the data of the packet acknowledged were not taken, or not all. */
  isNack: boolean
  /** From the BMC: bit 5 transfer unavailable, 4 deactivated, 3 overrun, 2 break seen. To it: 4 break. */
  isUnavailable: boolean
  isDeactivated: boolean
  hasOverrun: boolean
  hasBreak: boolean
  data: Uint8Array
}

/** From a BMC. @throws MalformedPacketError */
export function decodeSolPacket(bytes: Uint8Array): SolPacket {
  const reader = new ByteReader(bytes, 'sol')
  const sequence = reader.uint8() & 0x0f
  const acknowledged = reader.uint8() & 0x0f
  const acceptedCount = reader.uint8()
  const status = reader.uint8()
  return {
    sequence,
    acknowledged,
    acceptedCount,
    isNack: (status & 0x40) !== 0,
    isUnavailable: (status & 0x20) !== 0,
    isDeactivated: (status & 0x10) !== 0,
    hasOverrun: (status & 0x08) !== 0,
    hasBreak: (status & 0x04) !== 0,
    data: reader.rest(),
  }
}

/** To a BMC. */
export function encodeSolPacket(packet: {
  sequence: number
  acknowledged: number
  acceptedCount: number
  sendsBreak: boolean
  data: Uint8Array
}): Uint8Array {
  const operation = packet.sendsBreak ? 0x10 : 0
  return Uint8Array.of(packet.sequence, packet.acknowledged, packet.acceptedCount, operation, ...packet.data)
}
