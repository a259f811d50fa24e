import { expect, test } from 'vitest'
import { waitUntil } from '../../src/api.ts'
import { ensureBundle } from '../../src/deploy.ts'
import { createLab } from '../../src/lab.ts'
import { lan } from '../../src/network.ts'
import { startProduct } from '../../src/product.ts'

const netbootTimeoutMs = 300_000
const ramdiskTimeoutMs = 400_000

test('on a LAN with no DHCP server but ours, a machine is given its address, boots, and is discovered', async () => {
  await ensureBundle()
  await using lab = await createLab({ name: 'own-dhcp', dhcpServer: false })
  const product = await startProduct(lab)
  const path = `/api/v1/edges/${product.edgeId}`
  const dhcpSettings = {
    firstAddress: lan.leaseFirst,
    lastAddress: lan.leaseLast,
    gateway: null,
    dnsServers: [],
    ntpServers: [],
    domain: null,
    leaseSeconds: 3600,
    clients: 'everyone',
    relayed: [],
  }
  await product.api.request('PATCH', path, { interfaces: [{ name: 'eth0', mode: 'full', dhcpSettings }] })
  const machine = await lab.addMachine('node', { firmware: 'bios' })
  await machine.powerOn()
  await machine.waitForSerial(/It is new here: looking at its hardware/, netbootTimeoutMs)
  const lease = await waitUntil(
    'its lease to be listed',
    async () => {
      const leases = await product.api.request<{ items: { mac: string; address: string }[] }>(
        'GET',
        `${path}/leases`,
      )
      return leases.items.find(({ mac }) => mac === machine.mac)
    },
    30_000,
  )
  expect(lease.address).toMatch(/^10\.77\.0\.1\d\d$/)
  // ROM, ramdisk and kernel ask with different client identifiers, and get one address.
  const found = await waitUntil(
    'the machine to be discovered',
    async () => {
      const [known] = await product.api.machines()
      return known?.ramdiskConnected || known?.memoryBytes ? known : undefined
    },
    ramdiskTimeoutMs,
  )
  expect(found).toMatchObject({ macs: [machine.mac], address: lease.address })
  await product.stop()
})
