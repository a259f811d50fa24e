import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { controlPlaneProgram } from '../../src/product.ts'
import { openBrowser } from '../support/browser.ts'
import { holdThrough } from './support/hold.ts'
import { fillSignIn, signIn, startPortal } from './support/portal.ts'

const run = promisify(execFile)

async function chooseFrontPage(page: Page, title: string): Promise<void> {
  await page.goto('/settings')
  const answered = page.waitForResponse((response) => response.request().method() === 'PATCH')
  await page.getByRole('radio', { name: title }).click()
  // To show something to everybody is confirmed.
  if (title === 'Open') await holdThrough(page)
  expect((await answered).status()).toBe(200)
}

async function setAllowlist(page: Page, text: string): Promise<void> {
  await page.getByLabel('Addresses and networks').fill(text)
  await page.getByRole('button', { name: 'Set the allowlist' }).click()
}

/** Makes an account by the API, with the administrator's session. */
async function createViewer(page: Page): Promise<{ email: string; password: string }> {
  const viewer = { email: 'eve@rack.example', password: 'correct horse battery staple' }
  const status = await page.evaluate(async (person) => {
    const answer = await fetch('/api/v1/users', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Eve', role: 'viewer', ...person }),
    })
    return answer.status
  }, viewer)
  expect(status).toBe(201)
  return viewer
}

test('the front page is closed at first, then open to strangers, then for administrators only', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  await using elsewhere = await openBrowser(portal.url)
  const [page, stranger] = [await browser.openTab(), await elsewhere.openTab()]
  await stranger.goto('/')
  await stranger.getByRole('heading', { name: 'Sign in' }).waitFor()

  await signIn(page)
  await chooseFrontPage(page, 'Open')
  await stranger.goto('/')
  await stranger.getByText('Nothing has been deployed yet.').waitFor()
  await stranger.getByRole('region', { name: 'Last 100 deployments' }).waitFor()
  expect(await stranger.getByRole('navigation').count()).toBe(0)
  await stranger.goto('/machines/anything')
  await stranger.getByRole('heading', { name: 'Sign in' }).waitFor()

  const viewer = await createViewer(page)
  await chooseFrontPage(page, 'Administrators only')
  await fillSignIn(stranger, viewer)
  await stranger.getByRole('heading', { name: 'Administrators only' }).waitFor()
  expect(await stranger.evaluate(async () => (await fetch('/api/v1/machines')).status)).toBe(403)
  await stranger.getByRole('link', { name: 'Your account' }).click()
  await stranger.getByRole('heading', { name: 'Your account' }).waitFor()

  await chooseFrontPage(page, 'Signed in')
  await stranger.goto('/')
  await stranger.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
})

test('an allowlist that shuts oneself out has to be typed, shuts out, and is cleared from the command line', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'dragonfly-door-'))
  try {
    await using portal = await startPortal({ environment: { DRAGONFLY_DATA: dataDir } })
    await using browser = await openBrowser(portal.url)
    const page = await browser.openTab()
    await signIn(page)
    await page.goto('/settings')
    await setAllowlist(page, '198.51.100.0/33')
    await page.getByText('is neither an address nor a network').waitFor()

    await setAllowlist(page, '198.51.100.0/24')
    const dialog = page.getByRole('dialog', { name: 'This list shuts you out' })
    await dialog.getByRole('button', { name: 'Change the list' }).click()
    await page.getByRole('button', { name: 'Add my address' }).click()
    await page.getByRole('button', { name: 'Set the allowlist' }).click()
    await page.getByText('The allowlist is set.').waitFor()
    await page.reload()
    await page.getByLabel('Addresses and networks').waitFor()

    await setAllowlist(page, '198.51.100.0/24')
    await dialog.getByLabel('Type "lock me out"').fill('lock me out')
    await dialog.getByRole('button', { name: 'Set it' }).click()
    await page.getByText('The allowlist is set.').waitFor()
    await page.goto('/')
    await page.getByRole('heading', { name: 'Not from here' }).waitFor()
    await page.getByText('127.0.0.1').waitFor()

    const command = (action: string) =>
      run(process.execPath, [controlPlaneProgram, 'allowlist', action, '--data', dataDir])
    expect((await command('show')).stdout).toBe('198.51.100.0/24\n')
    expect((await command('clear')).stdout).toContain('is cleared')
    await expect
      .poll(async () => (await page.goto('/'))?.status(), { timeout: 30_000, interval: 500 })
      .toBe(200)
    await page.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})

test('pages keep to their own policy, dialogs included, and can’t be put into a frame', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  await page.getByRole('button', { name: 'Add machine' }).click()
  await page.getByRole('dialog').waitFor()
  expect(await page.evaluate(() => getComputedStyle(document.body).overflow)).toBe('hidden')
  expect(browser.complaints()).toEqual([])
  for (const path of ['/account', '/settings', '/sites', '/people', '/audit']) {
    await page.goto(path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(browser.complaints(), path).toEqual([])
  }
  const ran = await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'globalThis.wasRun = true'
    document.body.append(script)
    return 'wasRun' in globalThis
  })
  expect(ran).toBe(false)
  expect(browser.complaints()).toEqual([expect.stringContaining('script-src')])

  const elsewhere = await browser.openTab()
  await elsewhere.setContent(`<iframe src="${portal.url}/sign-in"></iframe>`)
  await expect.poll(() => browser.complaints().some((text) => text.includes('frame-ancestors'))).toBe(true)
})
