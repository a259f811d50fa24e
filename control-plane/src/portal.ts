import type { Context } from 'hono'
import { portalSegments } from './app-routes.ts'
import type { AppEnv } from './deps.ts'
import { notFound } from './errors.ts'
import { createToken } from './ids.ts'
import type { Asset } from './ports/index.ts'
import { renderPagePolicy } from './security-headers.ts'

/** Serves the portal: its files, and its shell for every page that its own router knows. */
export async function servePortal(c: Context<AppEnv>): Promise<Response> {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') throw notFound('address')
  const { assets } = c.get('deps')
  const path = decodePath(c.req.path)
  if (path === null) throw notFound('address')
  const file = await assets.read(path.endsWith('/') ? `${path}index.html` : path)
  if (file) return respond(c, file, 200, path.startsWith('/_astro/'))
  if (/\.[a-z0-9]{1,5}$/i.test(path)) throw notFound('file')
  const page = await assets.read(`${path.replace(/\/$/, '')}/index.html`)
  if (page) return respond(c, page, 200, false)
  const shell = (await assets.read('/app/index.html')) ?? (await assets.read('/index.html'))
  if (!shell) return respond(c, missingPortal, 200, false)
  return respond(c, shell, portalSegments.has(path.split('/')[1] ?? '') ? 200 : 404, false)
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
function respond(c: Context<AppEnv>, asset: Asset, status: 200 | 404, isImmutable: boolean): Response {
  const { body, styleNonce } = addStyleNonce(asset)
  return new Response(body, {
    status,
    headers: {
      'content-type': asset.contentType,
      'content-length': String(body.byteLength),
      'cache-control': isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': renderPagePolicy(c, { scriptHashes: asset.scriptHashes, styleNonce }),
    },
  })
}

/** What a page holds in the place of its nonce. */
const noncePlace = '{{style-nonce}}'

/** A page that asks for a nonce gets one of its own each time. */
function addStyleNonce(asset: Asset): { body: Asset['body']; styleNonce: string | null } {
  if (!asset.contentType.startsWith('text/html')) return { body: asset.body, styleNonce: null }
  const html = new TextDecoder().decode(asset.body)
  if (!html.includes(noncePlace)) return { body: asset.body, styleNonce: null }
  const styleNonce = createToken('')
  return { body: new TextEncoder().encode(html.replaceAll(noncePlace, styleNonce)), styleNonce }
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
