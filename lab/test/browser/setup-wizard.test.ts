import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { administrator } from '../../src/product.ts'
import { enrolEdge, openEdgeLink } from '../../src/simulator/edge-link.ts'
import { openBrowser } from '../support/browser.ts'
import { holdThrough } from './support/hold.ts'
import { startPortal } from './support/portal.ts'

const publicKey = `ssh-ed25519 ${btoa(`\0\0\0\u000bssh-ed25519\0\0\0 ${'k'.repeat(32)}`)} ada@laptop`

const nic = { name: 'eth0', mac: '52:54:00:00:00:01', address: '192.0.2.2', prefixLength: 24, up: true }
const heard = {
  name: 'eth0',
  servers: [{ address: '192.0.2.1', isProxy: false, bootFile: null }],
  listenedAt: 1,
  failure: null,
}

async function atStep(page: Page, title: string): Promise<void> {
  await page.getByRole('heading', { name: title, level: 1 }).waitFor()
}

async function goOn(page: Page, name = 'Continue'): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
}

async function becomeAdministrator(page: Page, code: string | null): Promise<void> {
  await page.goto('/')
  await page.getByLabel('Code').fill(code ?? '')
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('E-mail').fill(administrator.email)
  await page.getByLabel('Password').fill(administrator.password)
  await page.getByRole('button', { name: 'Create the administrator' }).click()
}

test('the wizard leads from an empty server to one with a site, keys and a front page', async () => {
  await using portal = await startPortal({ withAdministrator: false })
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await becomeAdministrator(page, portal.setupCode)

  await atStep(page, 'Keep your account yours')
  await goOn(page, 'Skip')
  await atStep(page, 'Who is this for?')
  await page.getByLabel('Name').fill('Example Ltd')
  await goOn(page, 'Save')
  // Continue is there at once; the name has arrived when the step is marked as done.
  await page.getByRole('link', { name: 'Organisation (done)' }).waitFor()
  await page.reload()
  await atStep(page, 'Who is this for?')

  // Opened anew, it goes on where it was left.
  await page.goto('/setup')
  await atStep(page, 'Your first site')
  await page.getByRole('button', { name: 'Create site' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Cupboard')
  await page.getByRole('dialog').getByRole('button', { name: 'Create site' }).click()
  await page.getByRole('button', { name: 'Add an edge' }).click()
  const command = await page.getByRole('region', { name: 'Join command' }).innerText()
  const identity = await enrolEdge(portal.url, command.trim().split(' ').at(-1) ?? '', 'pi')
  const link = openEdgeLink(identity, { onState: () => undefined, onStatus: () => undefined })
  try {
    await page.getByRole('dialog').getByText('pi is connected.').waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('region', { name: 'Cupboard' }).getByText('pi is connected.').waitFor()
    await goOn(page)
    await atStep(page, 'Where do machines boot?')
    link.append([
      { type: 'edge.interfaces', interfaces: [nic] },
      { type: 'edge.dhcp', interfaces: [heard] },
    ])
    await page.getByText('A DHCP server at 192.0.2.1 answers: proxyDHCP is right.').waitFor()
    await page.getByRole('button', { name: 'Use proxyDHCP on eth0' }).click()
    await page.getByRole('radio', { name: 'proxyDHCP', checked: true }).waitFor()
    // This one says that it can't listen.
    await page.getByRole('button', { name: 'Listen for DHCP servers' }).click()
    await page.getByText('pi cannot listen yet: update it.').waitFor()
  } finally {
    link.stop()
  }
  await goOn(page)

  await atStep(page, 'Who signs in to the machines?')
  await page.getByLabel('Or paste public keys').fill('nonsense')
  await goOn(page, 'Add keys')
  await page.getByText('Key 1 is not an SSH public key').waitFor()
  await page.getByLabel('Or paste public keys').fill(publicKey)
  await goOn(page, 'Add keys')
  await page.getByRole('list', { name: 'SSH keys' }).getByText('ada@laptop').waitFor()
  await goOn(page)

  await atStep(page, 'A first operating system')
  await goOn(page, 'Skip')
  await atStep(page, 'What do strangers see?')
  const changed = page.waitForResponse((response) => response.request().method() === 'PATCH')
  await page.getByRole('radio', { name: 'Open' }).click()
  await holdThrough(page)
  expect((await changed).status()).toBe(200)
  await page.getByRole('link', { name: 'set an allowlist of addresses' }).waitFor()
  await goOn(page)
  await atStep(page, 'How hard is it to break something?')
  await page.getByLabel('Safe mode', { exact: true }).selectOption('safe')
  await goOn(page, 'Finish')
  await page.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()

  // What was skipped is still offered, and any step can be seen again.
  await page.getByRole('link', { name: 'Set up' }).click()
  await page.getByRole('link', { name: 'Image (skipped)' }).click()
  await atStep(page, 'A first operating system')
  await goOn(page, 'Leave the set-up')
  await page.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
  expect(await page.getByRole('link', { name: 'Set up' }).count()).toBe(0)
  expect(browser.complaints().filter((text) => !/status of (409|422)/.test(text))).toEqual([])
})
