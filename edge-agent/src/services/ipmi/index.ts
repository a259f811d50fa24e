/**
 * IPMI 2.0 over LAN, usable by itself: one UDP socket for any number of BMCs.
 * @example
 * const client = await createIpmiClient()
 * const session = await client.open({ address: '10.0.0.7', username: 'admin', password })
 * await setBootDevice(session, { device: 'pxe', persistent: false, uefi: true })
 * await chassisControl(session, 'cycle')
 * await client.close()
 */
export type { BootFlags } from '../../codec/ipmi/boot-options.ts'
export type { ChannelAuthCapabilities } from '../../codec/ipmi/channel-auth-capabilities.ts'
export type { ChassisControl } from '../../codec/ipmi/chassis-control.ts'
export type { ChassisStatus } from '../../codec/ipmi/chassis-status.ts'
export type { DcmiPowerLimit } from '../../codec/ipmi/dcmi-power.ts'
export type { DeviceId } from '../../codec/ipmi/device-id.ts'
export type { FruInventory } from '../../codec/ipmi/fru-areas.ts'
export type { SelInfo } from '../../codec/ipmi/sel.ts'
export type { SystemGuid } from '../../codec/ipmi/system-guid.ts'
export type { PresencePong } from '../../codec/rmcp/asf.ts'
export type { BootDeviceWish } from '../../protocol/ipmi/boot-device.ts'
export { IpmiError, type IpmiErrorReason } from '../../protocol/ipmi/ipmi-error.ts'
export type { Health, Thresholds } from '../../protocol/ipmi/sensor-conversion.ts'
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
export { type BmcConsole, type ConsoleHandlers, type ConsoleOptions, openConsole } from './console.ts'
export {
  clearEventLog,
  getEventLogInfo,
  getEventLogTime,
  type LogEntry,
  readEventLog,
  setEventLogTime,
} from './event-log.ts'
export { readFru } from './fru.ts'
export { getLanConfiguration, type LanChange, type LanConfiguration, setLanConfiguration } from './lan.ts'
export { getPowerLimit, type PowerDraw, readPowerDraw, setPowerLimit } from './power-draw.ts'
export { readSensors, type Sensor } from './sensors.ts'
export type { IpmiSession } from './session.ts'
export type { IpmiPrivilege, IpmiTarget } from './target.ts'
export type { TransportCounters } from './transport.ts'
export { type BmcUser, disableUser, listUsers, type NewUser, setUser, testUserPassword } from './users.ts'
