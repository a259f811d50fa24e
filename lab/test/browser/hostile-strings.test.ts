import type { Inventory } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { ApiClient, waitUntil } from '../../src/api.ts'
import { administrator } from '../../src/product.ts'
import { enrolEdge, openEdgeLink } from '../../src/simulator/edge-link.ts'
import { createMachineSpec } from '../../src/simulator/machine-inventory.ts'
import { openBrowser } from '../support/browser.ts'
import { signIn, startPortal } from './support/portal.ts'

/** Would run, in any of the places where a page could make markup, an attribute or a script of it. */
const hostile = `"'><img src=x onerror="globalThis.wasRun=1"><script>globalThis.wasRun=1</script>`

function createHostileInventory(): { mac: string; inventory: Inventory } {
  const { mac, inventory } = createMachineSpec(1, 1)
  const smbios = {
    ...inventory.smbios,
    manufacturer: hostile,
    product: hostile,
    serial: hostile.slice(0, 64),
    assetTag: hostile.slice(0, 64),
    biosVendor: hostile,
  }
  const disks = inventory.disks.map((disk) => ({ ...disk, model: hostile }))
  return { mac, inventory: { ...inventory, smbios, disks } }
}

test('what a machine, an edge or a person is called is shown as text, and runs nowhere', async () => {
  await using portal = await startPortal()
  const api = new ApiClient(portal.url)
  await api.signIn(administrator.email, administrator.password)
  const { siteId } = await api.createSite(hostile.slice(0, 100))
  const identity = await enrolEdge(portal.url, await api.createEnrolmentToken(siteId), hostile)
  const link = openEdgeLink(identity, { onState: () => undefined, onStatus: () => undefined })
  try {
    const { mac, inventory } = createHostileInventory()
    link.append([{ type: 'machine.inventory', machineId: null, mac, address: null, inventory }])
    const machine = await waitUntil('the machine is known', async () => (await api.machines())[0], 30_000)
    const { machineId } = machine
    await api.request('POST', `/api/v1/machines/${machineId}/lock`, { reason: hostile })

    await using browser = await openBrowser(portal.url)
    const page = await browser.openTab()
    await signIn(page)
    const texts: string[] = []
    for (const path of [
      '/',
      `/machines/${machineId}`,
      `/machines/${machineId}?tab=hardware`,
      '/sites',
      '/audit',
    ]) {
      await page.goto(path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.getByText('onerror=').first().waitFor()
      texts.push(await page.locator('body').innerText())
      expect(await page.evaluate(() => 'wasRun' in globalThis), path).toBe(false)
      expect(await page.locator('img[src="x"]').count(), path).toBe(0)
    }
    expect(texts.join()).toContain('<script>')
    expect(browser.complaints()).toEqual([])
  } finally {
    link.stop()
  }
})
