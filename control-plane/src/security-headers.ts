import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { secureHeaders } from 'hono/secure-headers'
import type { AppEnv } from './deps.ts'

const yearSeconds = 365 * 24 * 60 * 60

/** Nothing here is a document: an answer of the API that is opened as one can do nothing. */
const inertPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/** Headers for every answer. HSTS only where this server is reached by https: on a LAN it is also served without. */
export function addSecurityHeaders() {
  const addCommon = secureHeaders({
    crossOriginOpenerPolicy: 'same-origin',
    crossOriginResourcePolicy: 'same-origin',
    referrerPolicy: 'same-origin',
    xFrameOptions: 'DENY',
    strictTransportSecurity: false,
    permissionsPolicy: {
      accelerometer: [],
      bluetooth: [],
      camera: [],
      displayCapture: [],
      geolocation: [],
      gyroscope: [],
      hid: [],
      magnetometer: [],
      microphone: [],
      midi: [],
      payment: [],
      serial: [],
      usb: [],
      xrSpatialTracking: [],
      clipboardWrite: ['self'],
      fullscreen: ['self'],
      gamepad: ['self'],
      publickeyCredentialsGet: ['self'],
    },
  })
  return createMiddleware<AppEnv>((c, next) =>
    addCommon(c, async () => {
      await next()
      if (c.get('deps').publicUrl.startsWith('https:')) {
        c.res.headers.set('strict-transport-security', `max-age=${yearSeconds}`)
      }
      if (!c.res.headers.has('content-security-policy')) {
        c.res.headers.set('content-security-policy', inertPolicy)
      }
    }),
  )
}

/**
 * For the portal's pages: only this server's own files, the inline scripts that its own pages carry, and the style
 * elements that carry the page's nonce (dialogs add one while they keep the page behind them from scrolling).
 */
export function renderPagePolicy(
  c: Context<AppEnv>,
  page: { scriptHashes: readonly string[]; styleNonce: string | null },
): string {
  const styleSource = page.styleNonce === null ? '' : ` 'nonce-${page.styleNonce}'`
  return [
    "default-src 'none'",
    `script-src ${["'self'", ...page.scriptHashes].join(' ')}`,
    `style-src 'self'${styleSource}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    `connect-src ${["'self'", ...socketOrigins(c)].join(' ')}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Safari before 15.4 does not count a WebSocket to the page's own host as 'self'. */
function socketOrigins(c: Context<AppEnv>): string[] {
  const { origins } = c.get('deps')
  return origins.allowed(c.req.header('host') ?? null).map((origin) => origin.replace(/^http/, 'ws'))
}
