import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { lookupSource, refuseLiteralSource } from './image-sources.ts'
import { ImportError } from './import-error.ts'

const mostRedirects = 5
const idleTimeoutMs = 60_000

export interface DownloadRequest {
  url: string
  signal: AbortSignal
  /** Addresses that are asked although image-sources.ts refuses them. */
  allows?: (url: URL) => boolean
  /** Skip this many bytes, if the file still is the one with this validator (an ETag or a date). */
  from?: number
  validator?: string | null
  /** Sent to the first address, and never on to another server. */
  authorization?: (() => Promise<string>) | undefined
}

export interface Download {
  /** Of the whole file; null when the server does not say. */
  sizeBytes: number | null
  /** Where the body starts: what was asked for, or 0 where the server sends all of it. */
  from: number
  validator: string | null
  body: AsyncIterable<Buffer>
}

/**
 * Opens an http or https URL as it is stored (no content coding), following up to five redirects. Each step is
 * checked: see image-sources.ts.
 * @throws ImportError `bad-url`, `unreachable` or `http-error`; the body throws `truncated`
 */
export async function openDownload(asked: DownloadRequest): Promise<Download> {
  let location = parseUrl(asked.url)
  const first = location.origin
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const headers = createHeaders(asked)
    if (asked.authorization && location.origin === first) headers.authorization = await asked.authorization()
    const response = await request(location, headers, asked)
    const status = response.statusCode ?? 0
    const target = response.headers.location
    if ([301, 302, 303, 307, 308].includes(status) && target) {
      response.destroy()
      if (!URL.canParse(target, location.href)) throw badUrl(target)
      location = parseUrl(new URL(target, location).href)
      continue
    }
    const download = readAnswer(response, asked.from ?? 0)
    if (download) return download
    response.destroy()
    // The file is another one, or shorter than what is here of it: all of it is asked for.
    if (status === 416 && asked.from) return openDownload({ ...asked, from: 0 })
    throw new ImportError('http-error', `${location.host} answered with HTTP status ${status}.`)
  }
  throw new ImportError('http-error', `The address redirects more than ${mostRedirects} times.`)
}

function createHeaders({ from = 0, validator = null }: DownloadRequest): Record<string, string> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'dragonfly-edge' }
  if (from === 0) return headers
  headers.range = `bytes=${from}-`
  if (validator) headers['if-range'] = validator
  return headers
}

function readAnswer(response: IncomingMessage, wantedFrom: number): Download | null {
  const { headers } = response
  const etag = headers.etag?.startsWith('"') ? headers.etag : null
  const validator = etag ?? headers['last-modified'] ?? null
  if (response.statusCode === 200) {
    const sizeBytes = parseLength(headers['content-length'])
    return { sizeBytes, from: 0, validator, body: readBody(response, 0, sizeBytes) }
  }
  if (response.statusCode !== 206) return null
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '')
  const [from, end] = [Number(range?.[1]), Number(range?.[2]) + 1]
  const sizeBytes = parseLength(range?.[3])
  if (from !== wantedFrom || (sizeBytes !== null && end !== sizeBytes)) return null
  return { sizeBytes, from, validator, body: readBody(response, from, end) }
}

function parseLength(text: string | undefined): number | null {
  const length = Number(text)
  return text && Number.isSafeInteger(length) ? length : null
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

function request(
  url: URL,
  headers: Record<string, string>,
  asked: DownloadRequest,
): Promise<IncomingMessage> {
  const isExcepted = asked.allows?.(url) ?? false
  if (!isExcepted) refuseLiteralSource(url)
  const lookup = isExcepted ? {} : { lookup: lookupSource }
  const get = url.protocol === 'https:' ? httpsGet : httpGet
  return new Promise((resolve, reject) => {
    const options = { headers, signal: asked.signal, timeout: idleTimeoutMs, ...lookup }
    const outgoing = get(url, options, resolve)
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

async function* readBody(
  response: IncomingMessage,
  from: number,
  end: number | null,
): AsyncGenerator<Buffer> {
  let received = from
  const truncated = () =>
    new ImportError(
      'truncated',
      `The download ended after ${received} of ${end ?? 'an unknown number of'} bytes.`,
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
  if (end !== null && received !== end) throw truncated()
}
