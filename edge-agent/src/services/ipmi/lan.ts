import { getChannelInfo } from '../../codec/ipmi/channel-info.ts'
import { getLanParameter, lanParameters, setLanParameter } from '../../codec/ipmi/lan-configuration.ts'
import { decodeIpv4, encodeIpv4, type Ipv4, parseIpv4 } from '../../codec/ipv4.ts'
import { decodeMac, type Mac } from '../../codec/mac.ts'
import { IpmiError } from '../../protocol/ipmi/ipmi-error.ts'
import { quirksOfBmc } from './chassis.ts'
import { orRefused } from './refusals.ts'
import type { IpmiSession } from './session.ts'

export interface LanConfiguration {
  channel: number
  address: Ipv4 | undefined
  source: 'static' | 'dhcp' | 'bios' | 'other' | 'unknown'
  mac: Mac | undefined
  netmask: Ipv4 | undefined
  gateway: Ipv4 | undefined
  /** Undefined where there is none. */
  vlan: number | undefined
}

const usualChannels = [1, 2, 3, 8]
const sources = ['unknown', 'static', 'dhcp', 'bios', 'other'] as const

/** The channel on which the BMC has its LAN. */
export async function findLanChannel(session: IpmiSession): Promise<number> {
  const own = await orRefused(session.request(getChannelInfo, { channel: 0x0e }))
  if (own?.isLan && own.channel !== 0x0e) return own.channel
  const { lanChannels = usualChannels } = await quirksOfBmc(session)
  for (const channel of lanChannels) {
    const info = await orRefused(session.request(getChannelInfo, { channel }))
    if (info?.isLan) return channel
  }
  return lanChannels[0] ?? 1
}

export async function getLanConfiguration(session: IpmiSession): Promise<LanConfiguration> {
  const channel = await findLanChannel(session)
  const get = (parameter: number) => orRefused(session.request(getLanParameter, { channel, parameter }))
  const source = await get(lanParameters.addressSource)
  const mac = await get(lanParameters.mac)
  return {
    channel,
    source: sources[(source?.[0] ?? 0) & 0x0f] ?? 'other',
    mac: mac && mac.length >= 6 ? decodeMac(mac) : undefined,
    address: addressOf(await get(lanParameters.address)),
    netmask: addressOf(await get(lanParameters.netmask)),
    gateway: addressOf(await get(lanParameters.gateway)),
    vlan: vlanOf(await get(lanParameters.vlan)),
  }
}

function addressOf(bytes: Uint8Array | undefined): Ipv4 | undefined {
  if (!bytes || bytes.length < 4) return undefined
  const address = decodeIpv4(bytes.subarray(0, 4))
  return address === '0.0.0.0' ? undefined : address
}

function vlanOf(bytes: Uint8Array | undefined): number | undefined {
  const [low = 0, high = 0] = bytes ?? []
  return (high & 0x80) === 0 ? undefined : low | ((high & 0x0f) << 8)
}

export type LanChange =
  | { source: 'dhcp' }
  | { source: 'static'; address: Ipv4; netmask: Ipv4; gateway?: Ipv4 }

/** Changes the BMC's address. The session ends with the old one: open another at the new address. */
export async function setLanConfiguration(session: IpmiSession, change: LanChange): Promise<void> {
  const channel = await findLanChannel(session)
  const set = (parameter: number, data: Uint8Array) =>
    session.request(setLanParameter, { channel, parameter, data })
  await orRefused(set(lanParameters.setInProgress, Uint8Array.of(1)))
  if (change.source === 'dhcp') {
    await setLast(set(lanParameters.addressSource, Uint8Array.of(2)))
  } else {
    await set(lanParameters.addressSource, Uint8Array.of(1))
    await set(lanParameters.netmask, addressBytes(session, change.netmask))
    if (change.gateway) await set(lanParameters.gateway, addressBytes(session, change.gateway))
    await setLast(set(lanParameters.address, addressBytes(session, change.address)))
  }
  await setLast(orRefused(set(lanParameters.setInProgress, Uint8Array.of(0))))
}

function addressBytes(session: IpmiSession, address: Ipv4): Uint8Array {
  if (!parseIpv4(address))
    throw new IpmiError('bad-address', `${session.name}: “${address}” is no IPv4 address.`)
  return encodeIpv4(address)
}

/** The BMC may leave the old address before it answers. */
async function setLast(setting: Promise<unknown>): Promise<void> {
  await setting.catch((error: unknown) => {
    if (!(error instanceof IpmiError) || error.reason !== 'timeout') throw error
  })
}
