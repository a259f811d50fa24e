import { chromium, devices } from 'playwright-core'
import { expect, test } from 'vitest'
import { call, createMachines } from './support/call.ts'
import { signIn, startPortal } from './support/portal.ts'

test('on a phone, many are selected and deleted by touch', async () => {
  await using portal = await startPortal()
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const { defaultBrowserType: _, ...phone } = devices['iPhone 13']
    const context = await browser.newContext({ ...phone, baseURL: portal.url })
    const page = await context.newPage()
    page.setDefaultTimeout(60_000)
    await signIn(page)
    await createMachines(page, 6)
    await page.goto('/')
    const box = page.getByLabel('Select node-1')
    expect(await box.isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Select', exact: true }).tap()
    for (const number of [1, 2, 3, 4]) await page.getByLabel(`Select node-${number}`).tap()
    const bar = page.getByRole('region', { name: 'Selection' })
    await bar.getByText('4 machines selected').waitFor()
    const { width } = page.viewportSize() ?? { width: 0 }
    const shown = await bar.boundingBox()
    expect(shown && shown.x >= 0 && shown.x + shown.width <= width).toBe(true)
    await bar.getByRole('button', { name: 'Delete 4' }).tap()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('How many machines are these?').fill('4')
    await dialog.getByRole('button', { name: 'Delete', exact: true }).tap()
    const hold = page.locator('button:not([aria-disabled])', { hasText: 'Hold to proceed' })
    await hold.waitFor()
    const place = await hold.boundingBox()
    if (!place) throw new Error('the button is not shown')
    const devtools = await context.newCDPSession(page)
    const touch = (type: 'touchStart' | 'touchEnd', touchPoints: { x: number; y: number }[]) =>
      devtools.send('Input.dispatchTouchEvent', { type, touchPoints })
    await touch('touchStart', [{ x: place.x + place.width / 2, y: place.y + place.height / 2 }])
    await page.getByText('4 machines deleted.').waitFor()
    await touch('touchEnd', [])
    expect((await call(page, 'GET', '/api/v1/machines')).body.items).toHaveLength(2)
    // Nothing is selected any more, and the boxes are gone.
    await page.getByRole('button', { name: 'Select', exact: true }).waitFor()
    expect(await page.getByLabel('Select node-5').isVisible()).toBe(false)
  } finally {
    await browser.close()
  }
})
