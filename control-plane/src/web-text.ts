type WebTextAnswer =
  | { kind: 'text'; text: string }
  /** Anything but 200; `location` where it sends elsewhere. */
  | { kind: 'status'; status: number; location?: string }
  | { kind: 'too-large' }
  | { kind: 'unreachable' }

/** Reads a small text from the web; every way that this fails is a value. */
export type ReadWebText = (url: string) => Promise<WebTextAnswer>

const timeoutMs = 10_000
const maxBytes = 256 * 1024

/** Over `fetch`: no redirects, a limit in time and in size, and nothing of ours in the request. */
export function createWebText(
  fetchFrom: typeof fetch = fetch,
  limits = { timeoutMs, maxBytes },
): ReadWebText {
  return async (url) => {
    try {
      const response = await fetchFrom(url, {
        redirect: 'manual',
        credentials: 'omit',
        headers: { accept: 'text/plain' },
        signal: AbortSignal.timeout(limits.timeoutMs),
      })
      if (response.status !== 200) {
        await response.body?.cancel()
        const location = response.headers.get('location')
        return { kind: 'status', status: response.status, ...(location === null ? {} : { location }) }
      }
      return await readBounded(response, limits.maxBytes)
    } catch {
      return { kind: 'unreachable' }
    }
  }
}

async function readBounded(response: Response, most: number): Promise<WebTextAnswer> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  const reader = response.body?.getReader()
  for (;;) {
    const part = await reader?.read()
    if (!part || part.done) return { kind: 'text', text: text + decoder.decode() }
    size += part.value.byteLength
    if (size > most) {
      await reader?.cancel()
      return { kind: 'too-large' }
    }
    text += decoder.decode(part.value, { stream: true })
  }
}
