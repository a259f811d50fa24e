import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { addPasskey, enrolTotp } from './support/account.ts'
import { addAuthenticator } from './support/authenticator.ts'
import { signIn, startPortal } from './support/portal.ts'
import { totp } from './support/totp.ts'

/** A session that never saw the second factor: another one of the same person sets it up. */
async function enrolElsewhere<T>(page: Page, enrol: () => Promise<T>): Promise<T> {
  await signIn(page)
  const cookies = await page.context().cookies()
  await page.context().clearCookies()
  await signIn(page)
  const made = await enrol()
  await page.context().clearCookies()
  await page.context().addCookies(cookies)
  return made
}

type Factor = Awaited<ReturnType<typeof enrolTotp>>

async function changePolicy(page: Page): Promise<void> {
  await page.goto('/people')
  await page.getByLabel('A second factor is required for').selectOption('administrators')
}

async function expectChanged(page: Page): Promise<void> {
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await expect
    .poll(async () => (await page.request.get('/api/v1/people-policy')).json())
    .toMatchObject({ mfaRequiredFor: 'administrators' })
}

test('what is sensitive asks for the passkey once more, and then goes on by itself', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await addAuthenticator(page)
  await enrolElsewhere(page, () => addPasskey(page))
  await changePolicy(page)
  await page
    .getByRole('dialog', { name: 'Is it still you?' })
    .getByRole('button', { name: 'Use a passkey' })
    .click()
  await expectChanged(page)
})

test.each([
  ['a code', ({ secret }: Factor) => totp(secret, Date.now())],
  ['a recovery code', ({ recoveryCodes }: Factor) => recoveryCodes[0] ?? ''],
])('%s does as well; cancelled, nothing is changed', async (_what, answer) => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  const factor = await enrolElsewhere(page, () => enrolTotp(page))
  const dialog = page.getByRole('dialog', { name: 'Is it still you?' })
  await changePolicy(page)
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await page.getByText('Nothing was changed.').waitFor()
  const policy = async () => (await page.request.get('/api/v1/people-policy')).json()
  expect(await policy()).toMatchObject({ mfaRequiredFor: 'nobody' })

  await changePolicy(page)
  await dialog.getByLabel('Code').fill('000000')
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await dialog.getByText('That code is not right').waitFor()
  await dialog.getByLabel('Code').fill(answer(factor))
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await expectChanged(page)
})
