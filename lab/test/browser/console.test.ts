import type { MachineDetail, SealingKeysView } from '@dragonfly/schema/api'
import { sealFor, verifySealingKey } from '@dragonfly/schema/sealing'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { ApiClient, waitUntil } from '../../src/api.ts'
import { lightChassis } from '../../src/bmc/light-chassis.ts'
import { startSimulatedBmc } from '../../src/bmc/simulated-bmc.ts'
import { administrator } from '../../src/product.ts'
import { openBrowser, takePictures } from '../support/browser.ts'
import { startEdge } from './support/edge.ts'
import { signIn, startPortal } from './support/portal.ts'

/** A machine and its BMC's password, sealed for the site's edge. */
async function addMachine(api: ApiClient, siteId: string, address: string): Promise<string> {
  const { machineId } = await api.request<MachineDetail>('POST', '/api/v1/machines', {
    siteId,
    name: 'rack-1',
    mac: '52:54:00:00:01:01',
  })
  const sealing = `/api/v1/sites/${siteId}/sealing-keys`
  const [edge] = await waitUntil(
    'the edge’s sealing key',
    async () => {
      const { edges } = await api.request<SealingKeysView>('GET', sealing)
      return edges.some(({ sealingKey }) => sealingKey) ? edges : undefined
    },
    30_000,
  )
  const check = await verifySealingKey(
    edge?.sealingKey ?? '',
    edge?.publicKey ?? { kty: 'OKP', crv: 'Ed25519', x: '' },
  )
  if (check.kind === 'refused') throw new Error('the sealing key is not signed')
  const plain = { format: 1 as const, siteId, machineId, address, username: 'admin', password: 'secret' }
  const credentials = await sealFor(plain, [check.key])
  await api.request('PUT', `/api/v1/machines/${machineId}/bmc`, { address, protocol: 'ipmi', credentials })
  return machineId
}

const screen = (page: Page) => page.locator('.xterm-rows')
const shows = (page: Page, text: string | RegExp) => screen(page).getByText(text).first().waitFor()

test('two people look at a console, one of them types, and nothing stands in the way of the policy', async () => {
  await using portal = await startPortal()
  const api = new ApiClient(portal.url)
  await api.signIn(administrator.email, administrator.password)
  const { siteId } = await api.request<{ siteId: string }>('POST', '/api/v1/sites', { name: 'Attic' })
  await using _edge = await startEdge(api, siteId)
  const chassis = lightChassis(1)
  await using _bmc = await startSimulatedBmc({
    chassis,
    address: '127.6.23.1',
    ipmiPort: 623,
    redfishPort: null,
  })
  const machineId = await addMachine(api, siteId, '127.6.23.1')
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  await page.goto(`/machines/${machineId}?tab=console`)
  await page.getByText('Nobody types.').waitFor()

  await chassis.control('on')
  await shows(page, 'firmware starts from')
  await page.getByRole('button', { name: 'Take the keyboard' }).click()
  await page.getByText('You type.').waitFor()
  await page.keyboard.type('uname -a')
  await shows(page, 'uname -a')
  await takePictures(page, 'console')

  const other = await browser.openTab()
  await other.goto(`/machines/${machineId}?tab=console`)
  await shows(other, 'uname -a')
  await page.getByText('You type. 2 people look on.').waitFor()
  await other.getByRole('button', { name: /^Take the keyboard from/ }).click()
  await page.getByRole('button', { name: /^Take the keyboard from/ }).waitFor()
  await other.getByRole('button', { name: 'Send break' }).click()
  await shows(page, '<break>')
  await other.keyboard.press('Shift+F6')
  expect(await other.evaluate(() => document.activeElement?.textContent)).toBe('Leave the keyboard')

  await other.setViewportSize({ width: 390, height: 844 })
  await other.getByText('Here it is for reading').waitFor()
  expect(await other.getByRole('button', { name: /keyboard/ }).count()).toBe(0)
  await takePictures(other, 'console-phone')
  await other.close()

  await api.request('POST', `/api/v1/machines/${machineId}/lock`, {})
  await page.getByRole('status').getByText('It is locked: its console can be read.').waitFor()
  const take = page.getByRole('button', { name: 'Take the keyboard' })
  expect(await take.getAttribute('aria-disabled')).toBe('true')
  await page.getByLabel('Serial console of rack-1').focus()
  await page.keyboard.type('rm -rf /')
  expect(await screen(page).textContent()).not.toContain('rm -rf')
  expect(browser.complaints()).toEqual([])
})
