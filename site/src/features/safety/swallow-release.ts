/** A finger's click comes this long after it was lifted, at most. */
const lateClickMs = 350

/**
 * What held the button is still down when its dialog is gone. Until it is let go, neither its click nor the key's
 * repetition presses what lies behind; whatever is pressed anew counts again.
 */
export function swallowRelease(): void {
  const listening = new AbortController()
  const options = { capture: true, signal: listening.signal }
  const end = (): void => listening.abort()
  const swallow = (event: Event): void => {
    event.preventDefault()
    event.stopPropagation()
  }
  for (const type of ['mousedown', 'mouseup', 'click']) window.addEventListener(type, swallow, options)
  const onKey = (event: KeyboardEvent): void => {
    const isNew = event.type === 'keydown' && !event.repeat
    if (!isNew) swallow(event)
    if (isNew || event.type === 'keyup') end()
  }
  window.addEventListener('keydown', onKey, options)
  window.addEventListener('keyup', onKey, options)
  window.addEventListener('pointerdown', end, options)
  for (const type of ['pointerup', 'pointercancel'])
    window.addEventListener(type, () => setTimeout(end, lateClickMs), options)
}
