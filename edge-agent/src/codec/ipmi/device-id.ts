import { answerReader, encodeNothing, type IpmiCommand, netFns } from './command.ts'

export interface DeviceId {
  deviceId: number
  deviceRevision: number
  /** `9.08`: major, and minor as two digits. */
  firmware: string
  /** The BMC's firmware is being updated, or it is starting. */
  isUpdating: boolean
  /** `2.0`. */
  ipmiVersion: string
  hasDeviceSdrs: boolean
  hasSensors: boolean
  hasSdrRepository: boolean
  hasSel: boolean
  hasFru: boolean
  isChassis: boolean
  /** IANA enterprise number of the maker. */
  manufacturerId: number
  productId: number
}

/** IPMI 2.0 §20.1. */
export const getDeviceId: IpmiCommand<undefined, DeviceId> = {
  name: 'Get Device ID',
  netFn: netFns.application,
  command: 0x01,
  encode: encodeNothing,
  decode: (data) => {
    const reader = answerReader(data, 'Get Device ID')
    const deviceId = reader.uint8()
    const revision = reader.uint8()
    const major = reader.uint8()
    const minor = reader.uint8()
    const version = reader.uint8()
    const support = reader.uint8()
    const manufacturerId = reader.uint16Le() | ((reader.uint8() & 0x0f) << 16)
    return {
      deviceId,
      deviceRevision: revision & 0x0f,
      firmware: `${major & 0x7f}.${minor.toString(16).padStart(2, '0')}`,
      isUpdating: (major & 0x80) !== 0,
      ipmiVersion: `${version & 0x0f}.${version >> 4}`,
      hasDeviceSdrs: (revision & 0x80) !== 0,
      hasSensors: (support & 0x01) !== 0,
      hasSdrRepository: (support & 0x02) !== 0,
      hasSel: (support & 0x04) !== 0,
      hasFru: (support & 0x08) !== 0,
      isChassis: (support & 0x80) !== 0,
      manufacturerId,
      productId: reader.uint16Le(),
    }
  },
}
