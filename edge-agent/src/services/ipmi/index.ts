export type { BootFlags } from '../../codec/ipmi/boot-options.ts'
export type { ChannelAuthCapabilities } from '../../codec/ipmi/channel-auth-capabilities.ts'
export type { ChassisControl } from '../../codec/ipmi/chassis-control.ts'
export type { ChassisStatus } from '../../codec/ipmi/chassis-status.ts'
export type { DeviceId } from '../../codec/ipmi/device-id.ts'
export type { SystemGuid } from '../../codec/ipmi/system-guid.ts'
export type { PresencePong } from '../../codec/rmcp/asf.ts'
export type { BootDeviceWish } from '../../protocol/ipmi/boot-device.ts'
export { IpmiError, type IpmiErrorReason } from '../../protocol/ipmi/ipmi-error.ts'
export {
  chassisControl,
  getBootDevice,
  getChassisStatus,
  getDeviceId,
  getSystemGuid,
  identify,
  setBootDevice,
} from './chassis.ts'
export { createIpmiClient, type IpmiAddress, type IpmiClient, type IpmiClientOptions } from './client.ts'
export type { IpmiSession } from './session.ts'
export type { IpmiPrivilege, IpmiTarget } from './target.ts'
export type { TransportCounters } from './transport.ts'
