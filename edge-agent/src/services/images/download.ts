import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { lookupSource, refuseLiteralSource } from './image-sources.ts'
import { ImportError } from './import-error.ts'

const mostRedirects = 5
const idleTimeoutMs = 60_000

export interface SourceExceptions {
  allows: (url: URL) => boolean
}

export interface Download {
  /** Null when the server does not say. */
  sizeBytes: number | null
  body: AsyncIterable<Buffer>
}

/**
 * Opens an http or https URL as it is stored (no content coding), following up to five redirects. Each step is
 * checked: see image-sources.ts. `exceptions` says what is asked all the same.
 * @throws ImportError `bad-url`, `unreachable` or `http-error`; the body throws `truncated`
 */
export async function openDownload(
  url: string,
  signal: AbortSignal,
  exceptions: SourceExceptions = { allows: () => false },
): Promise<Download> {
  let location = url
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const response = await request(parseUrl(location), signal, exceptions)
    const status = response.statusCode ?? 0
    const target = response.headers.location
    if ([301, 302, 303, 307, 308].includes(status) && target) {
      response.destroy()
      if (!URL.canParse(target, location)) throw badUrl(target)
      location = new URL(target, location).href
      continue
    }
    if (status !== 200) {
      response.destroy()
      throw new ImportError('http-error', `${new URL(location).host} answered with HTTP status ${status}.`)
    }
    const length = Number(response.headers['content-length'])
    const sizeBytes = response.headers['content-length'] && Number.isSafeInteger(length) ? length : null
    return { sizeBytes, body: readBody(response, sizeBytes) }
  }
  throw new ImportError('http-error', `The address redirects more than ${mostRedirects} times.`)
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw badUrl(text)
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw badUrl(text)
  return url
}

function badUrl(text: string): ImportError {
  return new ImportError('bad-url', `“${text.slice(0, 200)}” is not an http:// or https:// address.`)
}

function request(url: URL, signal: AbortSignal, exceptions: SourceExceptions): Promise<IncomingMessage> {
  const isExcepted = exceptions.allows(url)
  if (!isExcepted) refuseLiteralSource(url)
  const lookup = isExcepted ? {} : { lookup: lookupSource }
  const get = url.protocol === 'https:' ? httpsGet : httpGet
  const headers = { 'accept-encoding': 'identity', 'user-agent': 'dragonfly-edge' }
  return new Promise((resolve, reject) => {
    const outgoing = get(url, { headers, signal, timeout: idleTimeoutMs, ...lookup }, resolve)
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')))
    outgoing.on('error', (error) =>
      reject(
        error instanceof ImportError
          ? error
          : new ImportError('unreachable', `${url.host} could not be reached: ${error.message}.`),
      ),
    )
  })
}

async function* readBody(response: IncomingMessage, sizeBytes: number | null): AsyncGenerator<Buffer> {
  let received = 0
  const truncated = () =>
    new ImportError(
      'truncated',
      `The download ended after ${received} of ${sizeBytes ?? 'an unknown number of'} bytes.`,
    )
  try {
    for await (const part of response) {
      received += (part as Buffer).length
      yield part as Buffer
    }
  } catch (error) {
    if (error instanceof ImportError) throw error
    throw truncated()
  }
  if (sizeBytes !== null && received !== sizeBytes) throw truncated()
}
