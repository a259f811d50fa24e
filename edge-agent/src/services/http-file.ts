import { type FileHandle, open } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SendFilePart } from '../io/file-sender.ts'
import { type ByteRange, parseByteRange } from './http-range.ts'

export interface ServedFile {
  path: string
  contentType: string
  /** An entity tag with its quotes; where there is none, one is made of size and time of change. */
  etag?: string
  cacheControl: string
}

export type FileAnswer =
  | { kind: 'missing' }
  /** Without a body: HEAD, 304, 416. */
  | { kind: 'head' }
  | { kind: 'sent'; reachedEnd: boolean }

/**
 * Answers GET and HEAD for a file (RFC 9110): one range, `If-Range`, `If-None-Match`. Nothing is answered where the file is
 * missing. Rejects, and leaves the answer unfinished, where the client went away or is too slow.
 */
export async function answerFile(
  request: IncomingMessage,
  response: ServerResponse,
  served: ServedFile,
  send: SendFilePart,
): Promise<FileAnswer> {
  const file = await open(served.path, 'r').catch(() => undefined)
  if (!file) return { kind: 'missing' }
  try {
    return await answerOpenFile(request, response, served, file, send)
  } finally {
    await file.close()
  }
}

async function answerOpenFile(
  request: IncomingMessage,
  response: ServerResponse,
  served: ServedFile,
  file: FileHandle,
  send: SendFilePart,
): Promise<FileAnswer> {
  const stats = await file.stat()
  if (!stats.isFile()) return { kind: 'missing' }
  const etag = served.etag ?? `"${stats.size.toString(16)}-${Math.trunc(stats.mtimeMs).toString(16)}"`
  const headers = { 'Accept-Ranges': 'bytes', 'Cache-Control': served.cacheControl, ETag: etag }
  if (isListed(request.headers['if-none-match'], etag)) return answerEmpty(response, 304, headers)
  const range = wantedRange(request, stats.size, etag)
  if (range === 'unsatisfiable') {
    const whole = `bytes */${stats.size}`
    return answerEmpty(response, 416, { ...headers, 'Content-Range': whole, 'Content-Length': '0' })
  }
  const { start, end } = range ?? { start: 0, end: stats.size - 1 }
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'Content-Type': served.contentType,
    'Content-Length': end - start + 1,
    ...(range ? { 'Content-Range': `bytes ${start}-${end}/${stats.size}` } : {}),
  })
  if (request.method === 'HEAD' || end < start) {
    response.end()
    return request.method === 'HEAD' ? { kind: 'head' } : { kind: 'sent', reachedEnd: true }
  }
  await send({ file, start, end }, response)
  return { kind: 'sent', reachedEnd: end === stats.size - 1 }
}

function answerEmpty(response: ServerResponse, status: number, headers: Record<string, string>): FileAnswer {
  response.writeHead(status, headers)
  response.end()
  return { kind: 'head' }
}

/** A range of another version is no range: the client gets the whole anew (RFC 9110 §13.1.5). */
function wantedRange(
  request: IncomingMessage,
  sizeBytes: number,
  etag: string,
): ByteRange | 'unsatisfiable' | undefined {
  const condition = request.headers['if-range']
  if (request.method !== 'GET' || (condition !== undefined && condition !== etag)) return undefined
  return parseByteRange(request.headers.range, sizeBytes)
}

function isListed(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((entry) => entry.trim() === '*' || entry.trim().replace(/^W\//, '') === etag)
}
