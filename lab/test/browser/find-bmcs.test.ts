import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { ApiClient } from '../../src/api.ts'
import { lightChassis } from '../../src/bmc/light-chassis.ts'
import type { PersonalityName } from '../../src/bmc/personality.ts'
import { type SimulatedBmcOptions, startSimulatedBmc } from '../../src/bmc/simulated-bmc.ts'
import { administrator } from '../../src/product.ts'
import { openBrowser, takePictures } from '../support/browser.ts'
import { startEdge } from './support/edge.ts'
import { signIn, startPortal } from './support/portal.ts'

/** On the ports that BMCs have. */
function start(host: number, personality: PersonalityName, more: Partial<SimulatedBmcOptions> = {}) {
  const at = { address: `127.79.0.${host}`, ipmiPort: 623, redfishPort: 443 }
  return startSimulatedBmc({ chassis: lightChassis(host), personality, ...at, ...more })
}

const row = (page: Page, host: number) =>
  page.getByRole('row', { name: new RegExp(`127\\.79\\.0\\.${host}\\b`) })

test('a range is scanned, and what answers is adopted by one login, or by its maker’s', async () => {
  await using portal = await startPortal()
  const api = new ApiClient(portal.url)
  await api.signIn(administrator.email, administrator.password)
  const { siteId } = await api.request<{ siteId: string }>('POST', '/api/v1/sites', { name: 'Attic' })
  await using _edge = await startEdge(api, siteId)
  await using _factory = await start(11, 'supermicro', { users: [{ name: 'ADMIN', password: 'ADMIN' }] })
  await using _both = await start(12, 'dell')
  await using _ipmi = await start(13, 'ami', { redfishPort: null })
  await using _own = await start(14, 'hpe')
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  await page.getByRole('button', { name: 'Find BMCs' }).click()
  await page.getByRole('heading', { name: 'Find BMCs' }).waitFor()
  await takePictures(page, 'find-bmcs-empty')

  const range = page.getByLabel('Addresses', { exact: true })
  await range.fill('8.8.8.0/28')
  await page.getByText('Some of these addresses are public').waitFor()
  await range.fill('10.0.0.0/8')
  await range.press('Enter')
  await page.getByText('a scan looks at 4,096 at most').waitFor()
  await range.fill('127.79.0.0/24')
  await range.press('Enter')
  await page.getByRole('progressbar', { name: /Scanning/ }).waitFor()
  await row(page, 13).waitFor()
  await takePictures(page, 'find-bmcs-scanning')
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await page.getByText(/It was stopped/).waitFor()

  await range.fill('127.79.0.1 - 20')
  await range.press('Enter')
  await page.getByText('20 of 20 addresses were looked at, and 4 answered.').waitFor()
  await row(page, 11).getByText('Supermicro').waitFor()
  await row(page, 13)
    .getByText(/^IPMI 2\.0/)
    .waitFor()

  await page.getByLabel('Select 127.79.0.12').check()
  await page.getByLabel('Select 127.79.0.13').check()
  await page.getByLabel('User name').fill('admin')
  await page.getByLabel('Password').fill('secret')
  await page.getByRole('button', { name: 'Adopt 2 machines' }).click()
  for (const host of [12, 13]) await row(page, host).getByText('Adopted').waitFor()

  await page.getByRole('checkbox', { name: 'Select all new' }).check()
  await page.getByLabel('Try the maker’s default login instead').check()
  await page.getByRole('button', { name: 'Adopt 2 machines' }).click()
  await row(page, 11).getByText('Adopted').waitFor()
  await row(page, 11).getByText('which anybody can look up').waitFor()
  await row(page, 14).getByText('HPE gives each unit a password of its own').waitFor()
  await takePictures(page, 'find-bmcs-adopted')

  // A wrong one first: its reason is told driver by driver.
  await page.getByLabel('Select 127.79.0.14').check()
  await page.getByLabel('Try the maker’s default login instead').uncheck()
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button', { name: 'Adopt 1 machine' }).click()
  for (const driver of ['Redfish', 'IPMI'])
    await row(page, 14).getByRole('term').filter({ hasText: driver }).waitFor()
  await page.getByLabel('Select 127.79.0.14').check()
  await page.getByLabel('Password').fill('secret')
  await page.getByRole('button', { name: 'Adopt 1 machine' }).click()
  await row(page, 14).getByText('Adopted').waitFor()
  const { items } = await api.request<{ items: { bmc: { address: string } }[] }>('GET', '/api/v1/machines')
  expect(items.map(({ bmc }) => bmc.address).toSorted()).toEqual(
    [11, 12, 13, 14].map((host) => `127.79.0.${host}`),
  )
  expect(browser.complaints()).toEqual([])
}, 300_000)
