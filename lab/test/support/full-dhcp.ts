import type { DhcpSettings } from '@dragonfly/schema/wire'
import { waitForEdge } from '../../src/deploy.ts'
import { lan } from '../../src/network.ts'
import type { Product } from '../../src/product.ts'

/** Makes the edge the DHCP server of the lab's LAN, which has no other. */
export async function giveOutAddresses(
  product: Product,
  settings: Partial<DhcpSettings> = {},
): Promise<void> {
  const dhcpSettings: DhcpSettings = {
    firstAddress: lan.leaseFirst,
    lastAddress: lan.leaseLast,
    gateway: null,
    dnsServers: [],
    ntpServers: [],
    domain: null,
    leaseSeconds: 3600,
    clients: 'everyone',
    relayed: [],
    ...settings,
  }
  const interfaces = [{ name: 'eth0', mode: 'full', dhcpSettings }]
  await product.api.request('PATCH', `/api/v1/edges/${product.edgeId}`, { interfaces })
  await waitForEdge(product)
}
