import { proposeDhcpSettings } from '@dragonfly/schema/state'
import type { EdgeInterface } from '../../api/views.ts'

type DhcpSettings = NonNullable<EdgeInterface['dhcpSettings']>

/** The settings as they are typed. */
export interface DhcpForm {
  firstAddress: string
  lastAddress: string
  gateway: string
  dnsServers: string
  domain: string
  ntpServers: string
  leaseMinutes: string
  clients: string
  /** `secure-boot`, or empty. */
  uefiStart: string
}

export const fieldNames = [
  'firstAddress',
  'lastAddress',
  'gateway',
  'dnsServers',
  'domain',
  'ntpServers',
  'clients',
]

/** What was set before, else what fits the interface’s own address. */
export function fillForm({ dhcpSettings, address, prefixLength }: EdgeInterface): DhcpForm {
  const proposed = address && prefixLength !== null ? proposeDhcpSettings({ address, prefixLength }) : null
  const from = dhcpSettings ?? proposed
  return {
    firstAddress: from?.firstAddress ?? '',
    lastAddress: from?.lastAddress ?? '',
    gateway: from?.gateway ?? '',
    dnsServers: from?.dnsServers.join(', ') ?? '',
    domain: from?.domain ?? '',
    ntpServers: from?.ntpServers.join(', ') ?? '',
    leaseMinutes: String((from?.leaseSeconds ?? 3600) / 60),
    clients: from?.clients ?? 'everyone',
    uefiStart: from?.secureBoot ? 'secure-boot' : '',
  }
}

const ipv4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/
const domainName = /^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/i

/** What was typed as settings (`dhcp`: null while they can’t be saved), and what is wrong with it, by field. Networks behind relays stay as they were. */
export function readForm(
  form: DhcpForm,
  relayed: DhcpSettings['relayed'],
): {
  dhcp: DhcpSettings | null
  typed: DhcpSettings
  faults: Partial<Record<keyof DhcpForm, string>>
} {
  const faults: Partial<Record<keyof DhcpForm, string>> = {}
  const list = (field: 'dnsServers' | 'ntpServers'): string[] => {
    const addresses = form[field].split(/[\s,]+/).filter((text) => text !== '')
    const wrong = addresses.find((text) => !ipv4.test(text))
    if (wrong) faults[field] = `${wrong} is no IPv4 address.`
    else if (addresses.length > 4) faults[field] = 'At most four, please.'
    return addresses
  }
  for (const field of ['firstAddress', 'lastAddress', 'gateway'] as const) {
    const text = form[field].trim()
    if (field === 'gateway' && text === '') continue
    if (!ipv4.test(text)) faults[field] = 'An IPv4 address, such as 192.168.1.100, please.'
  }
  const minutes = Number(form.leaseMinutes)
  if (!Number.isInteger(minutes) || minutes < 2 || minutes > 43_200)
    faults.leaseMinutes = 'A whole number of minutes, from 2 to 43,200 (30 days).'
  const domain = form.domain.trim()
  if (domain !== '' && !domainName.test(domain)) faults.domain = 'A domain looks like lab.example.com.'
  const typed: DhcpSettings = {
    firstAddress: form.firstAddress.trim(),
    lastAddress: form.lastAddress.trim(),
    gateway: form.gateway.trim() || null,
    dnsServers: list('dnsServers'),
    ntpServers: list('ntpServers'),
    domain: domain || null,
    leaseSeconds: minutes * 60,
    clients: form.clients === 'known' ? 'known' : 'everyone',
    relayed,
    ...(form.uefiStart === 'secure-boot' ? { secureBoot: true } : {}),
  }
  return { dhcp: Object.keys(faults).length === 0 ? typed : null, typed, faults }
}
