import { expect, test } from 'vitest'
import { administrator } from '../../src/product.ts'
import { openBrowser } from '../support/browser.ts'
import { addAuthenticator } from './support/authenticator.ts'
import { call } from './support/call.ts'
import { oidcClient, startOidcProvider } from './support/oidc-provider.ts'
import { signIn, startPortal } from './support/portal.ts'

test('a sign-in provider is set up, and lets in who was invited, and nobody else', async () => {
  await using portal = await startPortal()
  await using provider = await startOidcProvider(portal.url)
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  await page.goto('/settings')
  await page.getByLabel('Issuer').fill(provider.issuer)
  await page.getByLabel('Client id').fill(oidcClient.clientId)
  await page.getByLabel('Client secret').fill(oidcClient.clientSecret)
  const form = page.locator('form', { has: page.getByLabel('Issuer') })
  await form.getByLabel('Name').fill('Acme')
  const saved = page.waitForResponse((response) => response.request().method() === 'PUT')
  await form.locator('button[type=submit]').click()
  expect((await saved).status()).toBe(200)

  await using theirs = await openBrowser(portal.url)
  const tab = await theirs.openTab()
  await tab.goto('/sign-in')
  await tab.getByRole('button', { name: 'Sign in with Acme' }).click()
  await tab.getByRole('link', { name: 'Back to the sign-in' }).waitFor()
  const invitation = { email: 'grace@example.com', role: 'viewer' }
  expect((await call(page, 'POST', '/api/v1/invitations', invitation)).status).toBe(201)
  await tab.getByRole('link', { name: 'Back to the sign-in' }).click()
  await tab.getByRole('button', { name: 'Sign in with Acme' }).click()
  await tab.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
  expect((await call(tab, 'GET', '/api/v1/me')).body).toMatchObject({ name: 'Grace', role: 'viewer' })
  // Their cookie, and what the provider sent, are worth nothing elsewhere in the address bar.
  expect(new URL(tab.url()).search).toBe('')
})

test('the first administrator makes a passkey and never has a password', async () => {
  await using portal = await startPortal({ withAdministrator: false })
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  const authenticator = await addAuthenticator(page)
  await page.goto('/')
  await page.getByLabel('Code').fill(portal.setupCode ?? '')
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('E-mail').fill(administrator.email)
  await page.getByRole('button', { name: /passkey/i }).click()
  await page.waitForURL(/\/setup/)
  expect(await authenticator.count()).toBe(1)
  expect((await call(page, 'GET', '/api/v1/me')).body).toMatchObject({
    name: 'Ada',
    role: 'administrator',
    hasPassword: false,
  })
})

test('who lost their only passkey comes back by a link that an administrator makes', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  const invitation = { email: 'grace@rack.example', name: 'Grace', role: 'user' }
  const { link } = (await call(page, 'POST', '/api/v1/invitations', invitation)).body

  await using theirs = await openBrowser(portal.url)
  const tab = await theirs.openTab()
  const lost = await addAuthenticator(tab)
  await tab.goto(link)
  await tab.getByRole('button', { name: 'Sign in with a passkey from now on' }).click()
  await tab.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
  await lost.remove()

  await page.goto('/people')
  await page.getByRole('button', { name: 'Actions on Grace' }).click()
  await page.getByRole('menuitem', { name: 'Remove second factor' }).click()
  await page.getByRole('heading', { name: 'Send this link to Grace' }).waitFor()
  const back = await page.getByRole('dialog').locator('pre').innerText()
  await tab.getByRole('heading', { name: 'Sign in' }).waitFor()

  await addAuthenticator(tab)
  await tab.goto(back)
  await tab.getByRole('heading', { name: 'Welcome back' }).waitFor()
  await tab.getByRole('button', { name: 'Sign in with a passkey from now on' }).click()
  await tab.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
  await tab.goto(back)
  await tab.reload()
  await tab.getByText('This link was used').waitFor()
})
