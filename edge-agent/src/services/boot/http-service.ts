import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Ipv4 } from '../../codec/ipv4.ts'
import type { Mac } from '../../codec/mac.ts'
import { SlowClientError } from '../../io/file-sender.ts'
import { renderBootScript } from '../../protocol/boot-script.ts'
import { parseBootRequest } from '../../protocol/boot-urls.ts'
import { answerFile } from '../http-file.ts'
import type { BootFile } from './boot-files.ts'
import type { BootContext } from './context.ts'
import { makeScript } from './scripts.ts'

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Scripts and boot files for the machines that reach us at `address`. */
export function createHttpHandler(address: Ipv4, context: BootContext): HttpHandler {
  return async (request, response) => {
    const count = (route: string) =>
      context.counters.increment('http_requests', { route, status: String(response.statusCode) })
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      sendText(request, response, 405, 'Only GET and HEAD.\n')
      return count('other')
    }
    const asked = parseBootRequest(request.url ?? '')
    switch (asked.kind) {
      case 'script':
        sendText(
          request,
          response,
          200,
          makeScript(
            { caller: asked.caller, address, client: clientAddress(request) },
            renderBootScript,
            context,
          ),
        )
        break
      case 'boot-file':
        await sendBootFile(request, response, asked.name, asked.mac, context)
        break
      case 'health':
        sendText(request, response, 200, 'ok\n')
        break
      case 'bad-request':
        sendText(request, response, 400, `${asked.reason}\n`)
        break
      case 'not-found':
        sendText(request, response, 404, 'There is nothing here.\n')
    }
    count(asked.kind)
  }
}

async function sendBootFile(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  mac: Mac | undefined,
  context: BootContext,
): Promise<void> {
  const { bundleDir, bundleReady } = context.index().view
  const file = bundleReady ? await context.files.find(bundleDir, name) : undefined
  const served = file && {
    path: file.path,
    contentType: file.name.endsWith('.efi') ? 'application/efi' : 'application/octet-stream',
    cacheControl: 'no-cache',
  }
  try {
    const answer = served && (await answerFile(request, response, served, context.sendFilePart))
    if (!file || !answer || answer.kind === 'missing')
      sendText(request, response, 404, 'There is no such file in the boot bundle.\n')
    else if (answer.kind === 'sent' && answer.reachedEnd)
      reportFetched(file, mac, clientAddress(request), context)
  } catch (error) {
    const outcome = error instanceof SlowClientError ? 'slow' : 'broken'
    context.counters.increment('http_broken_downloads', { outcome })
    context.debug(`${name} to ${clientAddress(request)}: ${String(error)}`)
    response.destroy()
  }
}

function reportFetched(file: BootFile, mac: Mac | undefined, address: Ipv4, context: BootContext): void {
  const atMs = context.now()
  const who = mac === undefined ? {} : { mac }
  context.report({
    kind: 'boot-file',
    atMs,
    protocol: 'http',
    name: file.name,
    address,
    ...who,
    outcome: 'complete',
  })
  if (mac === undefined) return
  if (file.name === 'vmlinuz') context.report({ kind: 'kernel-fetched', atMs, mac, address })
  if (file.name === 'initrd.img') context.report({ kind: 'initrd-fetched', atMs, mac, address })
}

function sendText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  response.statusCode = status
  response.setHeader('Content-Type', 'text/plain; charset=us-ascii')
  response.setHeader('Content-Length', Buffer.byteLength(text))
  response.setHeader('Cache-Control', 'no-store')
  response.end(request.method === 'HEAD' ? undefined : text)
}

function clientAddress(request: IncomingMessage): Ipv4 {
  return request.socket.remoteAddress ?? '0.0.0.0'
}
