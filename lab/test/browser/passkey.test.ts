import { expect, test } from 'vitest'
import { administrator } from '../../src/product.ts'
import { openBrowser } from '../support/browser.ts'
import { addPasskey, signOutEverywhere } from './support/account.ts'
import { addAuthenticator } from './support/authenticator.ts'
import { fillSignIn, signIn, startPortal } from './support/portal.ts'

test('a passkey is made, opens the door by itself, is renamed and removed', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  const authenticator = await addAuthenticator(page)
  await signIn(page)
  await addPasskey(page)
  expect(await authenticator.count()).toBe(1)
  const entered = page.waitForResponse(
    (response) => response.url().endsWith('/api/v1/passkey-sign-in') && response.ok(),
  )
  await signOutEverywhere(page)

  // Chromium may have taken it up among the suggestions already.
  await page
    .getByRole('button', { name: 'Use a passkey' })
    .click({ timeout: 5000 })
    .catch(() => undefined)
  await entered
  // Back to where the sign-out was.
  await page.getByRole('heading', { name: 'Your account' }).waitFor()

  await page.getByRole('button', { name: 'Rename' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Fingerprint')
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click()
  await page.getByRole('listitem', { name: 'Fingerprint' }).getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('listitem', { name: 'Fingerprint' }).waitFor({ state: 'detached' })
  // What the page asked for at the moment of the sign-out is refused, of course.
  expect(browser.complaints().filter((line) => !/status of 401|no valid credentials/.test(line))).toEqual([])
})

test('whoever has a passkey is not let in by the password alone', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  const authenticator = await addAuthenticator(page)
  await signIn(page)
  await addPasskey(page)
  await authenticator.remove()
  await signOutEverywhere(page)
  await fillSignIn(page)
  await page.getByText('Your account has a passkey: it is wanted, too.').waitFor()
  expect((await page.request.get('/api/v1/me')).status()).toBe(401)
})

test('a recovery code stands in for a passkey that is lost, with the password', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  const authenticator = await addAuthenticator(page)
  await signIn(page)
  await addPasskey(page)
  await page.getByRole('button', { name: 'Recovery codes for your passkeys' }).click()
  const codes = (await page.getByRole('dialog').locator('pre').innerText()).trim().split('\n')
  expect(codes).toHaveLength(10)
  await page.getByRole('button', { name: 'I have kept them' }).click()
  await authenticator.remove()
  await signOutEverywhere(page)
  await fillSignIn(page)
  await page.getByRole('heading', { name: 'One more thing' }).waitFor()
  await page.getByRole('button', { name: 'Passkey lost?' }).click()
  await page.getByLabel('E-mail').fill(administrator.email)
  await page.getByLabel('Recovery code').fill(codes[0] ?? '')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('That does not open an account.').waitFor()
  await page.getByLabel('Password').fill(administrator.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
})

test('somebody who is invited makes a passkey, and never has a password', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  await page.goto('/people')
  await page.getByRole('button', { name: 'Invite somebody' }).click()
  await page.getByRole('dialog').getByLabel('E-mail').fill('grace@rack.example')
  await page.getByRole('dialog').getByRole('button', { name: 'Make a link' }).click()
  const link = await page.getByRole('dialog').locator('pre').innerText()

  await using theirs = await openBrowser(portal.url)
  const tab = await theirs.openTab()
  await addAuthenticator(tab)
  await tab.goto(link)
  await tab.getByLabel('Name').fill('Grace')
  await tab.getByRole('button', { name: 'Sign in with a passkey from now on' }).click()
  await tab.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
  await tab.goto('/account')
  await tab.getByRole('listitem', { name: 'My first passkey' }).waitFor()
  expect(await tab.getByRole('heading', { name: 'Password' }).count()).toBe(0)
})
