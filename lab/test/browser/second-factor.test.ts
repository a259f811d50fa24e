import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { enrolTotp, signOutEverywhere } from './support/account.ts'
import { fillSignIn, signIn, startPortal } from './support/portal.ts'
import { totp } from './support/totp.ts'

async function signInWithCode(page: Page, code: string): Promise<void> {
  await fillSignIn(page)
  await page.getByLabel('Code').fill(code)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
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
