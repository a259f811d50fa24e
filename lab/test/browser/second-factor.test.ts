import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { administrator } from '../../src/product.ts'
import { openBrowser } from '../support/browser.ts'
import { fillSignIn, signIn, startPortal } from './support/portal.ts'
import { totp, totpPeriodMs } from './support/totp.ts'

/** Scans the picture by reading the key beside it; the codes of the step before are good, too. */
async function enrolTotp(page: Page): Promise<{ secret: string; recoveryCodes: string[] }> {
  await page.goto('/account')
  await page.getByRole('button', { name: 'Set up a second factor' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Password').fill(administrator.password)
  await dialog.getByRole('button', { name: 'Go on' }).click()
  const secret = (await dialog.locator('code').innerText()).trim()
  await dialog.getByLabel('Code').fill(totp(secret, Date.now() - totpPeriodMs))
  await dialog.getByRole('button', { name: 'Turn on' }).click()
  await dialog.getByRole('heading', { name: 'Keep your recovery codes' }).waitFor()
  const recoveryCodes = (await dialog.locator('pre').innerText()).trim().split('\n')
  await dialog.getByRole('button', { name: 'I have kept them' }).click()
  return { secret, recoveryCodes }
}

async function signInWithCode(page: Page, code: string): Promise<void> {
  await fillSignIn(page)
  await page.getByLabel('Code').fill(code)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
}

async function signOutEverywhere(page: Page): Promise<void> {
  await page.goto('/account')
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
}

test('a second factor is set up, asked for at sign-in, and a recovery code stands in for it', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  const { secret, recoveryCodes } = await enrolTotp(page)
  expect(recoveryCodes).toHaveLength(10)
  await signOutEverywhere(page)
  await signInWithCode(page, totp(secret, Date.now()))
  await signOutEverywhere(page)
  await signInWithCode(page, recoveryCodes[0] ?? '')
  await signOutEverywhere(page)

  await fillSignIn(page)
  await page.getByLabel('Code').fill(recoveryCodes[0] ?? '')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('That code is not right').waitFor()
})

test('signing out everywhere closes what is open in another browser', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  await using elsewhere = await openBrowser(portal.url)
  const [here, there] = [await browser.openTab(), await elsewhere.openTab()]
  await signIn(here)
  await signIn(there)
  await signOutEverywhere(here)
  await there.getByRole('heading', { name: 'Sign in' }).waitFor()
})
