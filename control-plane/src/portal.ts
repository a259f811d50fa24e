import type { Context } from 'hono'
import { portalSegments } from './app-routes.ts'
import type { AppEnv } from './deps.ts'
import { notFound } from './errors.ts'
import type { Asset } from './ports/index.ts'

/** Serves the portal: its files, and its shell for every page that its own router knows. */
export async function servePortal(c: Context<AppEnv>): Promise<Response> {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') throw notFound('address')
  const { assets } = c.get('deps')
  const path = decodePath(c.req.path)
  if (path === null) throw notFound('address')
  const file = await assets.read(path.endsWith('/') ? `${path}index.html` : path)
  if (file) return respond(file, 200, path.startsWith('/_astro/'))
  if (/\.[a-z0-9]{1,5}$/i.test(path)) throw notFound('file')
  const page = await assets.read(`${path.replace(/\/$/, '')}/index.html`)
  if (page) return respond(page, 200, false)
  const shell = (await assets.read('/app/index.html')) ?? (await assets.read('/index.html'))
  if (!shell) return respond(missingPortal, 200, false)
  return respond(shell, portalSegments.has(path.split('/')[1] ?? '') ? 200 : 404, false)
}

function decodePath(path: string): string | null {
  try {
    const decoded = decodeURIComponent(path)
    return decoded.includes('\0') || decoded.split('/').includes('..') ? null : decoded
  } catch {
    return null
  }
}

/** Files under /_astro/ have a hash in their name, and never change. */
function respond(asset: Asset, status: 200 | 404, isImmutable: boolean): Response {
  return new Response(asset.body, {
    status,
    headers: {
      'content-type': asset.contentType,
      'content-length': String(asset.body.byteLength),
      'cache-control': isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': renderPolicy(asset.scriptHashes),
    },
  })
}

/** Only this server's own files, and the inline scripts that its own pages carry. */
function renderPolicy(scriptHashes: readonly string[]): string {
  return [
    "default-src 'self'",
    `script-src ${["'self'", ...scriptHashes].join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self' ws: wss:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

const missingPortal: Asset = {
  body: new TextEncoder().encode(
    '<!doctype html><meta charset="utf-8"><title>Dragonfly</title><p>The portal is not built yet: run <code>npm start</code>.</p>',
  ),
  contentType: 'text/html; charset=utf-8',
  scriptHashes: [],
}

/** CSP sources of the inline scripts in a page (CSP Level 3 section 2.3.1). */
export async function hashInlineScripts(html: string): Promise<string[]> {
  const scripts = html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/gi)
  const hashes = [...scripts].map(async ([, text = '']) => {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
    return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`
  })
  return [...new Set(await Promise.all(hashes))]
}
