import type { Page } from 'playwright-core'
import { administrator } from '../../../src/product.ts'
import { totp, totpPeriodMs } from './totp.ts'

/** Scans the picture by reading the key beside it; the codes of the step before are good, too. */
export async function enrolTotp(page: Page): Promise<{ secret: string; recoveryCodes: string[] }> {
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

/** With the authenticator of this tab, by somebody who has no second factor yet. */
export async function addPasskey(page: Page): Promise<void> {
  await page.goto('/account')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('dialog').getByLabel('Password').fill(administrator.password)
  await page.getByRole('dialog').getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('listitem', { name: /Chrom/ }).waitFor()
}

export async function signOutEverywhere(page: Page): Promise<void> {
  await page.goto('/account')
  // A passkey among the suggestions may be taken up before anybody has seen the sign-in.
  const ended = page.waitForResponse((response) => response.request().method() === 'DELETE')
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await ended
}
