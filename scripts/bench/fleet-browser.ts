export interface Browser {
  url: string
  cookie: string
  /** When the live socket told of a machine, by its id; in order. */
  heard: Map<string, number[]>
  /** Fetches to the last byte; how long that took, in ms. */
  time(path: string, headers?: Record<string, string>): Promise<{ ms: number; status: number; bytes: number }>
}

/** A person with a page open: session, live socket, lists. */
export async function openBrowser(
  url: string,
  account: { email: string; password: string },
): Promise<Browser> {
  const signedIn = await fetch(`${url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { origin: url, 'content-type': 'application/json' },
    body: JSON.stringify(account),
  })
  if (!signedIn.ok) throw new Error(`the administrator could not sign in: ${await signedIn.text()}`)
  const cookie = signedIn.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const heard = new Map<string, number[]>()
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/events`, {
    headers: { cookie, origin: url },
  })
  socket.addEventListener('message', ({ data }) => {
    const event = JSON.parse(String(data))
    if (event.type !== 'changed' || event.entity !== 'machine') return
    const times = heard.get(event.id) ?? []
    times.push(Date.now())
    heard.set(event.id, times)
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('the live socket could not be opened')))
  })
  return {
    url,
    cookie,
    heard,
    async time(path, headers = {}) {
      const started = performance.now()
      const response = await fetch(`${url}${path}`, { headers: { cookie, ...headers } })
      const { byteLength } = await response.arrayBuffer()
      return { ms: performance.now() - started, status: response.status, bytes: byteLength }
    },
  }
}
