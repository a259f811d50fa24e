import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { call, createMachines } from './support/call.ts'
import { countRumbles, focusedName, plugInGamepad, setButton, tapButton, walkTo } from './support/gamepad.ts'
import { signIn, startPortal } from './support/portal.ts'

/** Longer than a hold, with time for a slow machine; and clearly shorter. */
const longMs = 2200
const shortMs = 600

const holdButton = (page: Page) => page.getByRole('button', { name: 'Hold to proceed' })
const exists = async (page: Page, machineId = ''): Promise<boolean> =>
  (await call(page, 'GET', `/api/v1/machines/${machineId}`)).status === 200

/** As far as the second dialog of safe mode. */
async function askToDelete(page: Page, machineId = ''): Promise<void> {
  await page.goto(`/machines/${machineId}`)
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByText('Safe mode is enabled. Are you sure you wish to proceed?').waitFor()
  // It can be held when the server has begun a confirmation.
  await page.locator('button:not([aria-disabled])', { hasText: 'Hold to proceed' }).waitFor()
}

const backAtMachines = (page: Page) => page.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()

async function centreOf(page: Page): Promise<{ x: number; y: number }> {
  const box = await holdButton(page).boundingBox()
  if (!box) throw new Error('the button is not shown')
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

/** How each of them is pressed and let go. */
const inputs: Record<
  string,
  (page: Page) => Promise<{ press: () => Promise<void>; release: () => Promise<void> }>
> = {
  mouse: async (page) => {
    const { x, y } = await centreOf(page)
    await page.mouse.move(x, y)
    return { press: () => page.mouse.down(), release: () => page.mouse.up() }
  },
  touch: async (page) => {
    const devtools = await page.context().newCDPSession(page)
    const point = await centreOf(page)
    const send = async (type: 'touchStart' | 'touchEnd', touchPoints: { x: number; y: number }[]) =>
      void (await devtools.send('Input.dispatchTouchEvent', { type, touchPoints }))
    return { press: () => send('touchStart', [point]), release: () => send('touchEnd', []) }
  },
  Enter: async (page) => {
    await holdButton(page).focus()
    return { press: () => page.keyboard.down('Enter'), release: () => page.keyboard.up('Enter') }
  },
  Space: async (page) => {
    await holdButton(page).focus()
    return { press: () => page.keyboard.down(' '), release: () => page.keyboard.up(' ') }
  },
}

describe('click and hold', () => {
  test.each(Object.keys(inputs))(
    'by %s: letting go early changes nothing, holding through does',
    async (name) => {
      await using portal = await startPortal()
      await using browser = await openBrowser(portal.url)
      const page = await browser.openTab()
      await signIn(page)
      const [machineId] = await createMachines(page, 1)
      await askToDelete(page, machineId)
      const input = await inputs[name]?.(page)
      await input?.press()
      await sleep(shortMs)
      await input?.release()
      await sleep(longMs)
      expect(await holdButton(page).isVisible()).toBe(true)
      expect(await exists(page, machineId)).toBe(true)
      await input?.press()
      await sleep(longMs)
      await input?.release()
      await backAtMachines(page)
      expect(await exists(page, machineId)).toBe(false)
    },
  )

  test('is cancelled by Escape, by leaving the button, and by a window that loses the focus', async () => {
    await using portal = await startPortal()
    await using browser = await openBrowser(portal.url)
    const page = await browser.openTab()
    await signIn(page)
    const [machineId] = await createMachines(page, 1)
    await askToDelete(page, machineId)
    const leave: (() => Promise<unknown>)[] = [
      () => page.evaluate(() => window.dispatchEvent(new Event('blur'))),
      () => page.getByRole('button', { name: 'Cancel' }).focus(),
    ]
    for (const away of leave) {
      await holdButton(page).focus()
      await page.keyboard.down('Enter')
      await sleep(shortMs)
      await away()
      await sleep(longMs)
      await page.keyboard.up('Enter')
      expect(await holdButton(page).isVisible()).toBe(true)
    }
    await holdButton(page).focus()
    await page.keyboard.press('Escape')
    await page.getByText('Nothing was changed.').waitFor()
    expect(await exists(page, machineId)).toBe(true)
  })

  test('by a gamepad, which walks the portal, holds, lets go, goes back, and shakes (a stub stands for it)', async () => {
    await using portal = await startPortal()
    await using browser = await openBrowser(portal.url)
    const page = await browser.openTab()
    await plugInGamepad(page)
    await signIn(page)
    const [machineId] = await createMachines(page, 1)
    await page.goto(`/machines/${machineId}`)
    await page.getByRole('button', { name: 'Delete', exact: true }).waitFor()
    await walkTo(page, 'Delete')
    await tapButton(page, 'a')
    await page.getByRole('heading', { name: 'Delete node-1?' }).waitFor()
    await tapButton(page, 'b')
    await page.getByRole('heading', { name: 'Delete node-1?' }).waitFor({ state: 'detached' })
    await walkTo(page, 'Delete')
    await tapButton(page, 'a')
    await page.getByRole('heading', { name: 'Delete node-1?' }).waitFor()
    // Within the dialog: what lies under it is not walked to.
    await walkTo(page, 'Keep it')
    await walkTo(page, 'Delete')
    await tapButton(page, 'a')
    await page.locator('button:not([aria-disabled])', { hasText: 'Hold to proceed' }).waitFor()
    await walkTo(page, 'Hold to proceed')
    await setButton(page, 'a', true)
    await sleep(shortMs)
    await setButton(page, 'a', false)
    await sleep(longMs)
    expect(await focusedName(page)).toBe('Hold to proceed')
    expect([await exists(page, machineId), await countRumbles(page)]).toEqual([true, 0])
    await setButton(page, 'a', true)
    await backAtMachines(page)
    await setButton(page, 'a', false)
    expect([await exists(page, machineId), await countRumbles(page)]).toEqual([false, 1])
  })
})

test('power mode asks once, shows how long it lasts, and is left by the same button', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  const [first, second] = await createMachines(page, 2)
  await page.getByRole('button', { name: '🧸 Safe' }).click()
  const power = page.getByRole('button', { name: '⚡ Power' })
  await power.waitFor()
  expect(await power.innerText()).toMatch(/(30|29) min/)
  await page.goto(`/machines/${first}`)
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
  await backAtMachines(page)
  expect(await exists(page, first)).toBe(false)
  await power.click()
  await page.getByRole('button', { name: '🧸 Safe' }).waitFor()
  await askToDelete(page, second)
  expect(await exists(page, second)).toBe(true)
})

test('many are deleted only with their number typed, and a locked one is left out', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  const ids = await createMachines(page, 6)
  await call(page, 'POST', `/api/v1/machines/${ids[5]}/lock`, { reason: 'Photographs.' })
  await page.goto('/')
  await page.getByLabel('Select all machines shown').check()
  await page.getByRole('button', { name: 'Delete 5' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('heading', { name: 'Delete 5 machines?' }).waitFor()
  expect(await dialog.getByRole('region', { name: 'Machines' }).innerText()).toContain('node-5')
  expect(await dialog.getByRole('region', { name: 'Left out' }).innerText()).toContain(
    'It is locked: unlock it first.',
  )
  const go = dialog.getByRole('button', { name: 'Delete', exact: true })
  await go.click({ force: true })
  await page.getByText('Type the number of machines first.').first().waitFor()
  await dialog.getByLabel('How many machines are these?').fill('6')
  await dialog.getByText('That is another number.').waitFor()
  await go.click({ force: true })
  expect(await holdButton(page).count()).toBe(0)
  await dialog.getByLabel('How many machines are these?').fill('5')
  await go.click()
  await page.locator('button:not([aria-disabled])', { hasText: 'Hold to proceed' }).waitFor()
  await holdButton(page).focus()
  await page.keyboard.down('Enter')
  await page.getByText('5 machines deleted.').waitFor()
  await page.keyboard.up('Enter')
  const { items } = (await call(page, 'GET', '/api/v1/machines')).body
  expect(items).toMatchObject([{ name: 'node-6', locked: true }])
})

test('reimaging that is switched off is shown and refused, and is switched on again only by holding', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  const [machineId] = await createMachines(page, 1)
  const deploy = () =>
    call(page, 'POST', '/api/v1/deployments', {
      machineId,
      imageId: 'none',
      hostname: 'node-1',
      disk: { by: 'smallest', kind: 'any' },
      sshKeys: [],
    })
  await page.goto('/settings')
  await page.getByRole('button', { name: 'Switch reimaging off for all sites' }).click()
  await page.getByText('Reimaging is off for all sites.').waitFor()
  await page.goto('/')
  await page.getByText('Reimaging is switched off for all sites.').waitFor()
  await page.goto(`/machines/${machineId}`)
  await page.getByText('Reimaging off').waitFor()
  // It stays in reach, and says why it does nothing: Playwright takes such a button for disabled.
  await page.getByRole('button', { name: 'Deploy', exact: true }).click({ force: true })
  await page.getByText('Reimaging is switched off here').first().waitFor()
  await page.getByRole('button', { name: '🧸 Safe' }).click()
  await page.getByRole('button', { name: '⚡ Power' }).waitFor()
  expect(await deploy()).toMatchObject({ status: 409, body: { code: 'reimage-off' } })
  await page.getByRole('button', { name: '⚡ Power' }).click()
  await page.getByRole('button', { name: '🧸 Safe' }).waitFor()

  await page.goto('/settings')
  await page.getByRole('button', { name: 'Switch reimaging on for all sites' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Switch on' }).click()
  await page.locator('button:not([aria-disabled])', { hasText: 'Hold to proceed' }).waitFor()
  expect((await call(page, 'GET', '/api/v1/safety')).body.reimage).toBe('off')
  await holdButton(page).focus()
  await page.keyboard.down('Enter')
  await page.getByText('Reimaging is on for all sites.').waitFor()
  await page.keyboard.up('Enter')
  expect((await call(page, 'GET', '/api/v1/safety')).body.reimage).toBe('on')
})
