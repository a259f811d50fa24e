import { z } from 'zod'
import { epochMsSchema, macSchema } from './common.ts'

/** Strict dotted decimal. */
export const ipv4Schema = z
  .string()
  .regex(
    /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/,
    'An IPv4 address has four numbers from 0 to 255, such as 192.168.1.20.',
  )

/** Addresses that a DHCP server gives out, first and last included, and the router that those clients are told. */
const addressRange = {
  firstAddress: ipv4Schema,
  lastAddress: ipv4Schema,
  gateway: ipv4Schema.nullable(),
}

/** A network behind a DHCP relay: known by the address that the relay puts into `giaddr`. */
const relayedSubnetSchema = z.object({
  /** The network's own address: 10.20.0.0. */
  network: ipv4Schema,
  prefixLength: z.number().int().min(8).max(30),
  ...addressRange,
})

export const shortestLeaseSeconds = 120
export const dhcpClientPolicies = ['everyone', 'known'] as const

/** How an edge gives out addresses on one of its networks. */
export const dhcpSettingsSchema = z.object({
  ...addressRange,
  dnsServers: z.array(ipv4Schema).max(4),
  ntpServers: z.array(ipv4Schema).max(4),
  domain: z
    .string()
    .regex(/^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/i, 'A domain looks like lab.example.com.')
    .max(200)
    .nullable(),
  leaseSeconds: z
    .number()
    .int()
    .min(shortestLeaseSeconds, 'A lease lasts at least two minutes.')
    .max(30 * 86_400, 'A lease lasts at most 30 days.'),
  /** `known`: only machines of this site get an address. */
  clients: z.enum(dhcpClientPolicies),
  relayed: z.array(relayedSubnetSchema).max(64),
  /** UEFI machines start by shim and signed GRUB instead of iPXE, which Secure Boot refuses. Older edges: iPXE. */
  secureBoot: z.boolean().optional(),
})
export type DhcpSettings = z.infer<typeof dhcpSettingsSchema>

/** An address that was given out. One that has ended has an `until` in the past. */
export const dhcpLeaseSchema = z.object({
  interface: z.string().max(64),
  address: ipv4Schema,
  mac: macSchema,
  /** What the client calls itself; empty where it does not say. */
  hostname: z.string().max(255),
  startedAt: epochMsSchema,
  until: epochMsSchema,
})
export type DhcpLease = z.infer<typeof dhcpLeaseSchema>
