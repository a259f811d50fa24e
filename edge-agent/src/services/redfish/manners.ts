import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import { parsePath } from '../../protocol/redfish/resource.ts'
import { parseRetryAfter } from '../../protocol/redfish/tasks.ts'
import type { RedfishOptions } from './session.ts'
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts'

const mostRedirects = 4
const longestPauseMs = 10_000

/** HTTP as BMCs want it: few requests at once, redirects to a slash, no compression, and patience while they start. */
export function createManners(
  address: string,
  transport: Transport,
  options: Pick<RedfishOptions, 'sleep' | 'retryMs' | 'tries'>,
) {
  const turns = createTurns(2)
  let needsSlash = false
  let asksIdentity = true

  const exchangeOnce = async (request: HttpRequest): Promise<HttpAnswer> => {
    const path = needsSlash ? withSlash(request.path) : request.path
    const headers = {
      accept: 'application/json',
      'odata-version': '4.0',
      ...(asksIdentity ? { 'accept-encoding': 'identity' } : {}),
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
    }
    return turns(() => transport.exchange({ ...request, path, headers }))
  }

  /** Follows redirects, which lead nowhere but to this BMC, and drops a header that some refuse. */
  const exchange = async (request: HttpRequest): Promise<HttpAnswer> => {
    let next = request
    for (let i = 0; i < mostRedirects; i++) {
      const answer = await exchangeOnce(next)
      if (answer.status === 406 && asksIdentity) {
        asksIdentity = false
        continue
      }
      const isRedirect = [301, 302, 307, 308].includes(answer.status)
      const keepsMethod = next.method === 'GET' || answer.status >= 307
      const path = isRedirect && keepsMethod ? parsePath(answer.headers.location) : null
      if (path === null) return answer
      if (path === withSlash(next.path)) needsSlash = true
      next = { ...next, path }
    }
    throw new RedfishError('malformed', `The BMC at ${address} redirects in circles.`)
  }

  /** Reading is repeated when the BMC is out of sorts; writing is not, for it may have been done. */
  const patiently = async (request: HttpRequest): Promise<HttpAnswer> => {
    for (let left = options.tries - 1; ; left--) {
      try {
        const answer = await exchange(request)
        const isPassing = request.method === 'GET' && [429, 500, 502, 503, 504].includes(answer.status)
        if (!isPassing || left <= 0) return answer
        await options.sleep(
          Math.min(parseRetryAfter(answer.headers['retry-after'] ?? null, options.retryMs), longestPauseMs),
        )
      } catch (error) {
        const isPassing = error instanceof RedfishError && error.reason === 'unreachable'
        if (request.method !== 'GET' || !isPassing || left <= 0) throw error
        await options.sleep(options.retryMs)
      }
    }
  }

  return { exchange, patiently }
}

function withSlash(path: string): string {
  const [before = '', query] = path.split('?', 2)
  const slashed = before.endsWith('/') ? before : `${before}/`
  return query === undefined ? slashed : `${slashed}?${query}`
}

/** At most so many at once: BMCs are small. */
function createTurns(most: number) {
  let free = most
  const waiting: (() => void)[] = []
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
