import type { Page } from 'playwright-core'

/** Longer than a hold, with time for a slow machine. */
const longMs = 2200

/** Through the second dialog of safe mode, by mouse. */
export async function holdThrough(page: Page): Promise<void> {
  // It can be held when the server has begun a confirmation.
  const button = page.locator('button:not([aria-disabled])', { hasText: 'Hold to proceed' })
  await button.waitFor()
  const box = await button.boundingBox()
  if (!box) throw new Error('the button is not shown')
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await page.mouse.down()
  await page.waitForTimeout(longMs)
  await page.mouse.up()
  await button.waitFor({ state: 'detached' })
}
