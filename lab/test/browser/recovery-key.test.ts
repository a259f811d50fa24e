import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildDir } from '../../src/paths.ts'
import { openBrowser, takePictures } from '../support/browser.ts'
import { call } from './support/call.ts'
import { signIn, startPortal } from './support/portal.ts'

test('a recovery key is shown once, counts when the sheet is kept, and its words never leave the browser', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  const sent: string[] = []
  // Every request, with its body, also such as are sent when the page is left.
  await page.route('**/*', async (route, request) => {
    sent.push(`${request.method()} ${request.url()} ${request.postDataBuffer()?.toString('utf8') ?? ''}`)
    await route.continue()
  })
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(payload.toString())))
  await signIn(page)
  await page.goto(`${portal.url}/settings`)
  await page.getByRole('button', { name: 'Make a recovery key' }).click()
  const list = page.locator('#print-sheet li')
  await list.nth(23).waitFor()
  const words = await list.allTextContents()
  expect(words).toHaveLength(24)
  await takePictures(page, 'recovery-key-dialog')
  await page.emulateMedia({ media: 'print' })
  expect(await list.first().isVisible()).toBe(true)
  expect(await page.getByRole('heading', { name: 'Settings' }).isVisible()).toBe(false)
  expect(await page.getByRole('button').count()).toBe(0)
  const paper = () => getComputedStyle(document.documentElement).backgroundColor
  expect(await page.evaluate(paper)).toBe('rgb(255, 255, 255)')
  await page.screenshot({ path: join(buildDir, 'screenshots', 'recovery-key-sheet.png') })
  await page.emulateMedia({ media: 'screen' })
  expect((await call(page, 'GET', '/api/v1/recovery-key')).body).toEqual({ recoveryKey: null })

  await page.getByLabel('I have the sheet in my hand.').check()
  await page.getByRole('button', { name: 'Use this key' }).click()
  await page.getByRole('button', { name: 'Replace it' }).waitFor()
  const { recoveryKey } = (await call(page, 'GET', '/api/v1/recovery-key')).body
  expect(recoveryKey.kid).toMatch(/^[\w-]{43}$/)
  expect(await page.locator('#print-sheet').count()).toBe(0)
  await page.goto(`${portal.url}/settings`)
  await page.getByRole('button', { name: 'Replace it' }).waitFor()

  const told = sent.join('\n')
  // What is looked through does hold what was sent.
  expect(told).toContain('"publicKey":{"kty":"EC"')
  expect(told).not.toMatch(/"d":/)
  const inARow = words.slice(0, -1).map((word, index) => [word, words[index + 1]])
  for (const [one, other] of inARow)
    for (const between of [' ', ',', '","', '%20', '+', '\\n'])
      expect(told).not.toContain(`${one}${between}${other}`)
  expect(portal.log()).not.toContain(words.slice(0, 3).join(' '))
  const kept = await page.evaluate(
    () => JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }),
  )
  expect(kept).not.toContain(words.slice(0, 2).join(' '))
  expect(browser.complaints()).toEqual([])

  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('button', { name: 'Replace it' }).click()
  await list.nth(23).waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  await takePictures(page, 'recovery-key-phone')
})
