import { Agent, get } from 'node:http'
import { isRefusedSource } from '../images/image-sources.ts'

/** How far another edge is believed: it may be slow, dead, or not an edge at all. */
export interface SiblingRequest {
  url: string
  largestBytes: number
  withinMs: number
  /** Inclusive, of the file that is asked for. */
  range?: { start: number; end: number }
  signal?: AbortSignal | undefined
}

/** It did not answer as it should; the next one is asked. */
class SiblingError extends Error {}

const agent = new Agent({ keepAlive: true, maxSockets: 4, timeout: 30_000 })

/** Where an address leads that an edge has no business asking at: itself, link-local, a cloud's metadata service. */
export function mayAsk(address: string, own: ReadonlySet<string>, allowsLocal: boolean): boolean {
  return !own.has(address) && (allowsLocal || !isRefusedSource(address))
}

/**
 * Asks another edge for something small. Redirects are not followed.
 * @throws SiblingError
 */
export function fetchFromSibling(request: SiblingRequest): Promise<Buffer> {
  const { url, range, withinMs } = request
  const headers = {
    'accept-encoding': 'identity',
    'user-agent': 'dragonfly-edge',
    ...(range ? { range: `bytes=${range.start}-${range.end}` } : {}),
  }
  const timeout = AbortSignal.timeout(withinMs)
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(new SiblingError(`${url}: ${reasonOf(error, timeout)}`))
    const outgoing = get(url, { agent, headers, signal }, (response) => {
      const wanted = range ? 206 : 200
      if (response.statusCode !== wanted) {
        response.destroy()
        return fail(new Error(`HTTP status ${response.statusCode}`))
      }
      const parts: Buffer[] = []
      let bytes = 0
      response.on('data', (part: Buffer) => {
        bytes += part.length
        if (bytes > request.largestBytes) response.destroy(new Error('it is longer than it may be'))
        else parts.push(part)
      })
      response.on('error', fail)
      response.on('aborted', () => fail(new Error('the answer broke off')))
      response.on('end', () => resolve(Buffer.concat(parts)))
    })
    outgoing.on('error', fail)
  })
}

function reasonOf(error: unknown, timeout: AbortSignal): string {
  if (timeout.aborted) return 'no answer in time'
  return error instanceof Error ? error.message : String(error)
}
