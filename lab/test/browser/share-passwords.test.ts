import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { openBrowser, takePictures } from '../support/browser.ts'
import { call, createMachines } from './support/call.ts'
import { signIn, startPortal } from './support/portal.ts'
import { enrolSealingEdge } from './support/sealing-edge.ts'

/** Types a BMC's password into the machine's page, where it is sealed. */
async function enterPassword(page: Page, machineId: string, password: string): Promise<void> {
  await page.goto(`/machines/${machineId}?tab=power`)
  await page
    .getByRole('button', { name: /^(Add BMC|Change)$/ })
    .first()
    .click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('BMC address').fill('10.0.0.17')
  await dialog.getByLabel('User name').fill('root')
  await dialog.getByLabel('Password').fill(password)
  await dialog.getByRole('button', { name: /Add BMC|Save/ }).click()
  await dialog.waitFor({ state: 'detached' })
}

const cardOf = (page: Page, hostname: string) => page.getByRole('article', { name: `Edge ${hostname}` })

test('an edge is given passwords by whoever has read its fingerprint; a revoked one is remembered as a reader', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  const [machineId = ''] = await createMachines(page, 1)
  const { siteId } = (await call(page, 'GET', `/api/v1/machines/${machineId}`)).body
  const first = await enrolSealingEdge(page, siteId, 'attic-1')
  await enterPassword(page, machineId, 'a-password-of-a-bmc')
  const second = await enrolSealingEdge(page, siteId, 'attic-2')

  await page.goto('/sites')
  const card = cardOf(page, 'attic-2')
  await card.getByText('This edge can’t open 1 BMC password yet.').waitFor()
  await takePictures(page, 'share-passwords-card')
  expect(await cardOf(page, 'attic-1').getByText('BMC password').count()).toBe(0)
  await card.getByRole('button', { name: 'Share with this edge' }).click()
  const dialog = page.getByRole('dialog', { name: 'Share 1 BMC password with attic-2?' })
  const field = dialog.getByLabel('Fingerprint, as the edge shows it')
  await field.fill(first.fingerprint)
  await takePictures(page, 'share-passwords-dialog')
  await dialog.getByRole('button', { name: 'Share', exact: true }).click()
  await dialog.getByText('That is not the fingerprint of the edge that enrolled here.').waitFor()
  expect(await dialog.innerText()).not.toContain(second.fingerprint)
  await field.fill(`${second.fingerprint.slice(0, 20)} ${second.fingerprint.slice(20)}`)
  await dialog.getByRole('button', { name: 'Share', exact: true }).click()
  await card.getByText('1 password on the way').waitFor()
  expect(await card.getByRole('button', { name: 'Share with this edge' }).count()).toBe(0)

  await cardOf(page, 'attic-1').getByRole('button', { name: 'Revoke' }).click()
  const revoking = page.getByRole('dialog', { name: 'Revoke attic-1?' })
  await revoking.getByText('It can read the BMC passwords of node-1.').waitFor()
  await revoking.getByRole('button', { name: 'Revoke' }).click()
  const hold = page.locator('button:not([aria-disabled])', { hasText: 'Hold to proceed' })
  await hold.waitFor()
  await hold.focus()
  await page.keyboard.down('Enter')
  await page.getByText('Hold to proceed').waitFor({ state: 'detached' })
  await page.keyboard.up('Enter')
  await cardOf(page, 'attic-1').getByText('attic-1 could read the BMC’s password of node-1.').waitFor()
  await card.getByText('enter the password again of node-1.').waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  await takePictures(page, 'share-passwords-phone')
  await page.setViewportSize({ width: 1440, height: 900 })

  await enterPassword(page, machineId, 'another-password')
  await page.goto('/sites')
  await card.waitFor()
  await cardOf(page, 'attic-1').waitFor()
  await expect.poll(() => page.getByText('BMC password').count()).toBe(0)
  expect(browser.complaints().filter((text) => !/422|428/.test(text))).toEqual([])
})
