import type { Direction } from './pad-state.ts'

const focusable =
  'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex="-1"])'
const layers = '[role=dialog], [role=alertdialog], [role=menu]'
/** What moves within itself by arrow keys, as the keyboard does. */
const arrowWidgets = '[role=menu], [role=radiogroup], [role=listbox], [role=combobox]'
const arrowKeys: Record<Direction, string> = {
  up: 'ArrowUp',
  down: 'ArrowDown',
  left: 'ArrowLeft',
  right: 'ArrowRight',
}

/** Moves the focus one on, or back: within what lies on top. Lists and menus get the arrow keys they know. */
export function moveFocus(direction: Direction): void {
  const active = document.activeElement
  const isSideways = direction === 'left' || direction === 'right'
  if (active instanceof HTMLSelectElement && isSideways) {
    chooseOption(active, direction === 'right' ? 1 : -1)
    return
  }
  const widgets = isSideways ? `${arrowWidgets}, [role=tablist]` : arrowWidgets
  if (active?.closest(widgets) && !sendKey('keydown', arrowKeys[direction])) return
  const elements = focusableElements()
  if (elements.length === 0) return
  const at = active instanceof HTMLElement ? elements.indexOf(active) : -1
  const step = direction === 'down' || direction === 'right' ? 1 : -1
  const next = at < 0 ? (step > 0 ? 0 : elements.length - 1) : (at + step + elements.length) % elements.length
  elements[next]?.focus()
  elements[next]?.scrollIntoView({ block: 'nearest' })
}

/** A key goes down on what has the focus; what does not take it itself is clicked, as Enter does. */
export function pressActive(): void {
  const active = document.activeElement
  if (!(active instanceof HTMLElement) || active === document.body) moveFocus('down')
  else if (sendKey('keydown', 'Enter')) active.click()
}

export function releaseActive(): void {
  sendKey('keyup', 'Enter')
}

/** Closes what lies on top, as Escape does; with nothing there, the page before. */
export function goBack(): void {
  if (sendKey('keydown', 'Escape') && document.querySelector(layers) === null) history.back()
}

/** False when somebody took it. */
function sendKey(type: 'keydown' | 'keyup', key: string): boolean {
  const target = document.activeElement ?? document.body
  return target.dispatchEvent(
    new KeyboardEvent(type, { key, bubbles: true, cancelable: true, composed: true }),
  )
}

function focusableElements(): HTMLElement[] {
  const top = [...document.querySelectorAll<HTMLElement>(layers)]
    .filter((layer) => layer.checkVisibility())
    .at(-1)
  return [...(top ?? document).querySelectorAll<HTMLElement>(focusable)].filter(
    (element) =>
      element.tabIndex >= 0 &&
      !element.matches(':disabled') &&
      !element.hasAttribute('data-radix-focus-guard') &&
      element.checkVisibility({ visibilityProperty: true }),
  )
}

function chooseOption(select: HTMLSelectElement, step: number): void {
  const index = select.selectedIndex + step
  if (index < 0 || index >= select.options.length) return
  select.selectedIndex = index
  select.dispatchEvent(new Event('change', { bubbles: true }))
}
