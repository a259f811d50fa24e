import { expect, test } from 'vitest'
import { waitUntil } from '../../src/api.ts'
import { deployMachine } from '../../src/deploy.ts'
import { startProduct } from '../../src/product.ts'
import { giveOutAddresses } from '../support/full-dhcp.ts'
import { inRack } from '../support/rack.ts'

const work = async (lab: Parameters<Parameters<typeof inRack>[1]>[0]): Promise<void> => {
  const product = await startProduct(lab)
  await giveOutAddresses(product)
  const progress: string[] = []
  const report = await deployMachine(lab, product, {
    labName: lab.state.name,
    machine: { firmware: 'bios' },
    discover: true,
    variant: 'light',
    onProgress: (line) => progress.push(line),
  })
  console.log(JSON.stringify(report))
  expect(report.result, progress.join('\n')).toBe('deployed')
  // ROM, ramdisk, its kernel and the installed system ask with different client identifiers, and get one address.
  const [machine] = await product.api.machines()
  const lease = await waitUntil(
    'its lease to be listed',
    async () => {
      const path = `/api/v1/edges/${product.edgeId}/leases`
      const leases = await product.api.request<{ items: { mac: string; address: string }[] }>('GET', path)
      return leases.items.length > 0 ? leases.items : undefined
    },
    300_000,
  )
  expect(lease).toMatchObject([{ mac: machine?.macs[0], address: machine?.deployment?.address }])
  expect(lease[0]?.address).toMatch(/^10\.77\.0\.1\d\d$/)
  await product.stop()
}

test('on a LAN with no DHCP server but ours, an unknown machine is discovered and deployed', () =>
  inRack('own-dhcp', work, { dhcpServer: false }))
