import { expect, test } from 'vitest'
import { openBrowser, takePictures } from '../support/browser.ts'
import { call, createMachines } from './support/call.ts'
import { holdThrough } from './support/hold.ts'
import { signIn, startPortal } from './support/portal.ts'

test('many machines are switched at a pace, one is told what to boot, and the palette asks before it resets', async () => {
  await using portal = await startPortal()
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  const ids = await createMachines(page, 7)
  const [first = '', second = '', ...others] = ids
  for (const [index, machineId] of [first, second].entries())
    await call(page, 'PUT', `/api/v1/machines/${machineId}/bmc`, { address: `10.0.0.${index + 1}` })
  await call(page, 'POST', `/api/v1/machines/${others.at(-1)}/lock`, {})

  await page.goto('/')
  for (const number of ids.keys()) await page.getByLabel(`Select node-${number + 1}`).check()
  const bar = page.getByRole('region', { name: 'Selection' })
  await bar.getByRole('button', { name: 'Power' }).click()
  await page.getByRole('menuitem', { name: 'Power off' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('4 machines without a BMC: a person is asked.').waitFor()
  await dialog.getByText('It is locked: unlock it first.').waitFor()
  await dialog.getByLabel('At once').fill('2')
  await dialog.getByText('2 at a time: the last ones get their turn after 10 seconds.').waitFor()
  await dialog.getByLabel('How many machines').fill('6')
  await takePictures(page, 'power-many')
  await dialog.getByRole('button', { name: 'Power off' }).click()
  await holdThrough(page)
  await page.getByText('6 queued').waitFor()
  const asked = (await call(page, 'GET', '/api/v1/commands')).body.items
  expect(asked.filter(({ title }: { title: string }) => title === 'Power off')).toHaveLength(6)

  await page.goto(`/machines/${first}?tab=power`)
  await page.getByLabel('Start from').selectOption('setup')
  await page.getByRole('button', { name: 'Set', exact: true }).click()
  await page.getByText('Boot from its firmware’s setup once').waitFor()
  await takePictures(page, 'power-machine')

  const limit = page.getByRole('form', { name: 'Power limit' })
  await limit.getByLabel('Draw at most, in watts').fill('0')
  await limit.getByRole('button', { name: 'Limit power' }).click()
  await limit.getByText('A whole number of watts').waitFor()
  await limit.getByLabel('Draw at most, in watts').fill('350')
  await limit.getByRole('button', { name: 'Limit power' }).click()
  await holdThrough(page)
  await page.getByText('Limit the draw to 350 W').waitFor()
  await limit.scrollIntoViewIfNeeded()
  await takePictures(page, 'power-limit')
  await page.setViewportSize({ width: 390, height: 844 })
  await limit.scrollIntoViewIfNeeded()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  await takePictures(page, 'power-limit-phone')
  await page.setViewportSize({ width: 1440, height: 900 })

  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('reset node-2')
  await page.getByRole('option', { name: /Reset: node-2/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Reset: node-2?' }).waitFor()
  await page.getByRole('button', { name: 'Leave it as it is' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(page.url()).not.toContain('ask=')
  expect(browser.complaints()).toEqual([])
})
