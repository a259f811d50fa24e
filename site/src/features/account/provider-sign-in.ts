import { api, take } from '../../api/client.ts'

const nextKey = 'dragonfly.next'

/** Only an address of this portal: never where somebody else's link points. */
export function keepInside(next: string | null | undefined): string | null {
  return next && /^\/(?![/\\])/.test(next) ? next : null
}

/** Leaves for the sign-in provider; what to open afterwards waits in this tab. */
export async function leaveForProvider(next: string | undefined): Promise<void> {
  const { url } = await take(api.POST('/api/v1/provider-sign-in/begin'))
  sessionStorage.setItem(nextKey, keepInside(next) ?? '')
  location.assign(url)
}

export function takeNext(): string | null {
  const next = sessionStorage.getItem(nextKey)
  sessionStorage.removeItem(nextKey)
  return keepInside(next)
}
