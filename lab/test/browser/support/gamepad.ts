import type { Page } from 'playwright-core'

/**
 * Stands for a gamepad, since a headless browser has none: `navigator.getGamepads` is replaced before any script
 * of the page runs. What is tried is everything above it.
 */
export async function plugInGamepad(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const pad = {
      index: 0,
      id: 'stub',
      mapping: 'standard',
      connected: true,
      axes: [0, 0, 0, 0],
      buttons: Array.from({ length: 17 }, () => ({ pressed: false, touched: false, value: 0 })),
      vibrationActuator: {
        playEffect: async () => {
          Object.assign(window, { rumbles: Number(Reflect.get(window, 'rumbles') ?? 0) + 1 })
        },
      },
    }
    Object.assign(window, { pad })
    Object.defineProperty(navigator, 'getGamepads', { value: () => [pad, null, null, null] })
  })
}

export const padButtons = { a: 0, b: 1, up: 12, down: 13, left: 14, right: 15 } as const

export async function setButton(
  page: Page,
  button: keyof typeof padButtons,
  pressed: boolean,
): Promise<void> {
  await page.evaluate(
    ([index, isDown]) => {
      Reflect.get(window, 'pad').buttons[index].pressed = isDown
    },
    [padButtons[button], pressed] as const,
  )
  // Looked at with the next frames.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
}

export async function tapButton(page: Page, button: keyof typeof padButtons): Promise<void> {
  await setButton(page, button, true)
  await setButton(page, button, false)
}

export function countRumbles(page: Page): Promise<number> {
  return page.evaluate(() => Number(Reflect.get(window, 'rumbles') ?? 0))
}

/** What has the focus, by the name that it is called by. */
export function focusedName(page: Page): Promise<string> {
  return page.evaluate(() => {
    const active = document.activeElement
    return (active?.getAttribute('aria-label') ?? active?.textContent ?? '').trim()
  })
}

/** Moves the focus on until it is on what is called so. */
export async function walkTo(page: Page, name: string): Promise<void> {
  for (let steps = 0; steps < 80; steps++) {
    if ((await focusedName(page)) === name) return
    await tapButton(page, 'down')
  }
  throw new Error(`the gamepad did not come to "${name}"; it is at "${await focusedName(page)}"`)
}
