import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { updateOverdueMs } from '@dragonfly/schema/state'
import { type SiteEvent, type SiteState, updateAbility } from '@dragonfly/schema/wire'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EdgeIdentity, type EdgeLink, enrolEdge, openEdgeLink } from '../../src/simulator/edge-link.ts'
import { openBrowser, type PortalBrowser, takePictures } from '../support/browser.ts'
import { call } from './support/call.ts'
import { type Portal, signIn, startPortal } from './support/portal.ts'

const version = '1.0.0'

let packages: string
let portal: Portal
let browser: PortalBrowser
let page: Page
beforeAll(async () => {
  packages = await mkdtemp(join(tmpdir(), 'dragonfly-packages-'))
  await writeFile(join(packages, 'dragonfly-edge-1.1.0-linux-x64.tgz'), 'the next version')
  portal = await startPortal({ environment: { DRAGONFLY_EDGE_PACKAGES_DIR: packages } })
  browser = await openBrowser(portal.url)
  page = await browser.openTab()
  await signIn(page)
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await portal?.[Symbol.asyncDispose]()
  await rm(packages, { recursive: true, force: true })
})

/** An edge that hears what is wanted of it, and does nothing by itself. */
interface IdleEdge {
  link: EdgeLink
  /** Until then, frames are lost. */
  isWelcome: Promise<void>
  /** Resolves when its site's state asks it for an update, by another request than this one. */
  asked(before?: string): Promise<string>
  /** What it was told last. */
  state(): SiteState | null
}

function startIdleEdge(identity: EdgeIdentity, runs: string): IdleEdge {
  let told: SiteState | null = null
  const { promise: isWelcome, resolve: welcome } = Promise.withResolvers<void>()
  const link = openEdgeLink(identity, {
    version: runs,
    commands: [updateAbility],
    onState: (state) => {
      told = state
    },
    onStatus: (text) => {
      if (text.startsWith('connected')) welcome()
    },
  })
  return {
    link,
    isWelcome,
    state: () => told,
    asked: async (before) => {
      const requestId = () => told?.edgeUpdate?.requestId
      await expect.poll(() => requestId() ?? before, { timeout: 60_000 }).not.toBe(before)
      return requestId() ?? ''
    },
  }
}

async function enrol(siteName: string, hostname: string): Promise<EdgeIdentity> {
  const { siteId } = (await call(page, 'POST', '/api/v1/sites', { name: siteName })).body
  const { token } = (await call(page, 'POST', `/api/v1/sites/${siteId}/enrolment-tokens`)).body
  return enrolEdge(portal.url, token, hostname, version)
}

async function takePhonePictures(name: string, shown?: Locator): Promise<void> {
  await page.setViewportSize({ width: 390, height: 844 })
  await shown?.scrollIntoViewIfNeeded()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  await takePictures(page, name)
  await page.setViewportSize({ width: 1440, height: 900 })
}

test('a boot bundle on its way to an edge is seen, with what keeps it from arriving', async () => {
  const { link, isWelcome } = startIdleEdge(await enrol('Cellar', 'cellar-1'), version)
  await isWelcome
  await page.goto('/sites')
  const card = page.getByRole('article', { name: 'Edge cellar-1' })
  await card.getByText('no boot bundle yet').waitFor()
  const bundle = { version: '0123456789ab', bytesDone: 12_000_000, bytesTotal: 96_000_000 }
  const tell = (told: typeof bundle | null): void =>
    link.send({ type: 'telemetry', deployments: [], images: [], bundle: told })
  tell(bundle)
  const pole = card.getByRole('progressbar', { name: 'Fetching boot bundle 0123456789ab' })
  await pole.waitFor()
  await card.getByText('no boot bundle yet').waitFor({ state: 'detached' })
  tell({ ...bundle, bytesDone: 72_000_000 })
  await expect.poll(() => pole.getAttribute('aria-valuenow'), { timeout: 60_000 }).toBe('75')
  await takePictures(page, 'edge-bundle-progress')
  await takePhonePictures('edge-bundle-progress-phone')
  // Whoever comes later sees it, too.
  await page.goto('/sites')
  await pole.waitFor()

  const message =
    'The boot bundle could not be fetched: no answer in time. It tries again by itself; no machine can boot from the network here meanwhile. `dragonfly-edge doctor` on its host says whether it reaches this server.'
  tell(null)
  link.append([{ type: 'bundle.failed', version: bundle.version, message }])
  await card.getByText('The boot bundle could not be fetched: no answer in time.').waitFor()
  await pole.waitFor({ state: 'detached' })
  await takePictures(page, 'edge-bundle-failed')
  link.append([{ type: 'bundle.ready', version: bundle.version }])
  await card.getByText('boot bundle 0123456789ab').waitFor()
  await card.getByText('The boot bundle could not be fetched').waitFor({ state: 'detached' })
  link.stop()
  expect(browser.complaints()).toEqual([])
})

test('an edge is updated; one that says nothing for long is asked again; one that went back says why', async () => {
  const identity = await enrol('Attic', 'attic-1')
  const edge = startIdleEdge(identity, version)
  await page.goto('/sites')
  const card = page.getByRole('article', { name: 'Edge attic-1' })

  await card.getByRole('button', { name: 'Update to 1.1.0' }).click()
  const dialog = page.getByRole('dialog', { name: 'Update attic-1?' })
  await dialog.getByText('It goes from version 1.0.0 to 1.1.0.').waitFor()
  await takePictures(page, 'edge-update-dialog')
  await dialog.getByRole('button', { name: 'Update to 1.1.0' }).click()
  await dialog.waitFor({ state: 'detached' })
  await card.getByText('updating to 1.1.0').waitFor()
  const first = await edge.asked()
  const release = { version: '1.1.0', bytesDone: 20_000_000, bytesTotal: 50_000_000 }
  edge.link.send({ type: 'telemetry', deployments: [], images: [], release })
  const pole = card.getByRole('progressbar', { name: 'Fetching version 1.1.0' })
  await expect.poll(() => pole.getAttribute('aria-valuenow'), { timeout: 60_000 }).toBe('40')
  await takePictures(page, 'edge-update-under-way')
  edge.link.send({ type: 'telemetry', deployments: [], images: [], release: null })
  await pole.waitFor({ state: 'detached' })

  // Some minutes later.
  await page.clock.setFixedTime(Date.now() + updateOverdueMs + 60_000)
  await page.goto('/sites')
  const note = card.getByRole('region', { name: 'Update' })
  await note.getByText('It has not come back as version 1.1.0').waitFor()
  expect(await card.getByText('updating to 1.1.0').count()).toBe(0)
  await takePictures(page, 'edge-update-overdue')
  await takePhonePictures('edge-update-overdue-phone')
  await note.getByRole('button', { name: 'Ask again' }).click()
  await edge.asked(first)
  await page.clock.setFixedTime(Date.now())
  await page.goto('/sites')
  await card.getByText('updating to 1.1.0').waitFor()
  expect(await note.count()).toBe(0)

  // It tried, and went back.
  const undone = 'The update to version 1.1.0 was undone, and version 1.0.0 runs again: it did not serve.'
  edge.link.append([{ type: 'edge.problem', problem: 'update-rolled-back', message: undone }])
  await card.getByText(undone).waitFor()
  await card.getByText('updating to 1.1.0').waitFor({ state: 'detached' })
  await card.getByRole('button', { name: 'Update to 1.1.0' }).click()
  await dialog.getByRole('button', { name: 'Update to 1.1.0' }).click()
  await card.getByText('updating to 1.1.0').waitFor()

  // This time it works.
  edge.link.stop()
  const updated = startIdleEdge(identity, '1.1.0')
  await card.getByText('version 1.1.0').waitFor()
  await card.getByText('updating to 1.1.0').waitFor({ state: 'detached' })
  expect(await card.getByRole('button', { name: /^Update to/ }).count()).toBe(0)
  updated.link.stop()
  expect(browser.complaints()).toEqual([])
})

test('a BMC that refuses the password is told from one that is silent, with what mends it', async () => {
  const identity = await enrol('Loft', 'loft-1')
  const { link } = startIdleEdge(identity, version)
  const machine = { siteId: identity.siteId, name: 'refused-1', mac: '52:54:00:00:07:01' }
  const { machineId } = (await call(page, 'POST', '/api/v1/machines', machine)).body
  await call(page, 'PUT', `/api/v1/machines/${machineId}/bmc`, { address: '10.0.0.7' })
  const message = 'The BMC does not take this user name and password.'
  const event = { type: 'bmc.power' as const, machineId, powerState: 'unknown' as const, problem: message }
  link.append([{ ...event, attempts: [{ driver: 'ipmi', reason: 'wrong-password', message }] }])
  await page.goto('/')
  const row = page.getByRole('row', { name: /refused-1/ })
  await row.getByText('BMC refuses the password').first().waitFor()
  expect(await row.getByText('BMC lost').count()).toBe(0)
  await row.scrollIntoViewIfNeeded()
  await takePictures(page, 'bmc-refuses-list')
  await page.goto(`/machines/${machineId}?tab=power`)
  const power = page.getByRole('region', { name: 'Power', exact: true })
  await power.getByText(message).waitFor()
  await takePictures(page, 'bmc-refuses-tab')
  await takePhonePictures('bmc-refuses-phone')
  await power.getByRole('button', { name: 'Enter the password again' }).click()
  await page.getByRole('dialog', { name: 'BMC of refused-1' }).getByLabel('Password').waitFor()
  await takePictures(page, 'bmc-refuses-dialog')
  await page.keyboard.press('Escape')

  link.append([{ ...event, attempts: [{ driver: 'ipmi', reason: 'timeout', message }] }])
  await page
    .getByText(/^BMC lost/)
    .first()
    .waitFor()
  expect(await power.getByRole('button', { name: 'Enter the password again' }).count()).toBe(0)
  link.stop()
  expect(browser.complaints()).toEqual([])
})

const networks: SiteEvent[] = [
  {
    type: 'edge.interfaces',
    interfaces: [
      { name: 'eth0', mac: '52:54:00:00:08:01', address: '192.168.77.1', prefixLength: 24, up: true },
      { name: 'eth1.120', mac: '52:54:00:00:08:02', address: '10.20.0.2', prefixLength: 16, up: true },
      { name: 'eth2', mac: '52:54:00:00:08:03', address: null, prefixLength: null, up: false },
    ],
  },
  {
    type: 'edge.dhcp',
    interfaces: [
      { name: 'eth0', servers: [], listenedAt: Date.now(), failure: null },
      {
        name: 'eth1.120',
        servers: [{ address: '10.20.0.1', isProxy: false, bootFile: null }],
        listenedAt: Date.now(),
        failure: null,
      },
    ],
  },
]

test('an edge gives out addresses as the dialog says, which refuses what does not fit the network', async () => {
  const identity = await enrol('Garage', 'garage-1')
  const { link, state } = startIdleEdge(identity, version)
  link.append(networks)
  await page.goto('/sites')
  const card = page.getByRole('article', { name: 'Edge garage-1' })
  await card.getByText('eth1.120').waitFor()
  await card.scrollIntoViewIfNeeded()
  await takePictures(page, 'dhcp-interfaces')
  await card.getByRole('radiogroup', { name: 'Mode of eth0' }).getByText('Full DHCP').click()
  const dialog = page.getByRole('dialog', { name: 'Full DHCP on eth0' })
  expect(await dialog.getByLabel('First address').inputValue()).toMatch(/^192\.168\.77\./)
  await takePictures(page, 'dhcp-dialog')
  await takePhonePictures('dhcp-dialog-phone', dialog.getByLabel('UEFI machines start by'))
  await dialog.getByLabel('Last address').fill('192.168.99.9')
  await dialog.getByLabel('DNS servers').fill('192.168.77.300')
  await dialog.getByRole('button', { name: 'Give out addresses' }).click()
  await dialog.getByText('192.168.77.300 is no IPv4 address.').waitFor()
  expect(await dialog.getByLabel('Last address').getAttribute('aria-invalid')).toBe('true')
  await takePictures(page, 'dhcp-dialog-faults')
  await dialog.getByLabel('DNS servers').fill('192.168.77.1')
  await dialog.getByLabel('Last address').fill('192.168.77.250')
  await dialog.getByLabel('UEFI machines start by').selectOption('secure-boot')
  await takePictures(page, 'dhcp-dialog-secure-boot')
  await dialog.getByRole('button', { name: 'Give out addresses' }).click()
  await dialog.waitFor({ state: 'detached' })
  await card.getByText('192.168.77.250').waitFor()
  await card.getByText('UEFI machines start by signed GRUB').waitFor()
  await expect
    .poll(() => state()?.interfaces[0]?.dhcp, { timeout: 60_000 })
    .toMatchObject({ lastAddress: '192.168.77.250', secureBoot: true })
  await card.getByRole('radiogroup', { name: 'Mode of eth1.120' }).getByText('proxyDHCP').click()
  await expect.poll(() => state()?.interfaces.length, { timeout: 60_000 }).toBe(2)
  await takePictures(page, 'dhcp-given')
  await takePhonePictures('dhcp-given-phone', card.getByRole('list', { name: 'Interfaces' }))
  link.stop()
  expect(browser.complaints()).toEqual([])
})
