import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { isWithin } from './addresses.ts'
import { auditRefusedAddress } from './audit-requests.ts'
import { decideClientAddress } from './client-address.ts'
import type { AppEnv } from './deps.ts'
import { renderProblem } from './errors.ts'

/** Says where a request comes from, before anything else asks. */
export function noteClientAddress() {
  return createMiddleware<AppEnv>(async (c, next) => {
    const { peerAddress, trustedProxies } = c.get('deps')
    const peer = peerAddress(c.env, c.req.raw.headers)
    const forwardedFor = c.req.header('x-forwarded-for') ?? null
    c.set('peerAddress', peer)
    c.set('clientAddress', decideClientAddress({ peer, forwardedFor, trustedProxies }))
    await next()
  })
}

/**
 * Edges prove who they are by their own keys and enrolment tokens, from lines whose address changes: the
 * allowlist is for people and their programs.
 */
const edgePrefix = '/api/edge/v1/'

/** Lets in who comes from an address on the allowlist: panel, API, sign-in, live events, files, metrics. */
export function guardDoor() {
  return createMiddleware<AppEnv>(async (c, next) => {
    const { door, metrics } = c.get('deps')
    const { allowlist } = await door.policy()
    const address = c.get('clientAddress')
    const isLetIn =
      allowlist.length === 0 ||
      c.req.path.startsWith(edgePrefix) ||
      (address !== null && isWithin(allowlist, address))
    if (isLetIn) return next()
    metrics.count('dragonfly_addresses_refused_total')
    c.res = await refuse(c, address ?? 'unknown')
    await auditRefusedAddress(c)
    return c.res
  })
}

function refuse(c: Context<AppEnv>, seen: string): Response | Promise<Response> {
  if (c.req.path.startsWith('/api/')) {
    return renderProblem(
      c,
      403,
      'address-refused',
      `Your address, ${seen}, is not on this server’s allowlist: ask an administrator to add it. On the server itself, \`dragonfly allowlist clear\` opens the door again.`,
    )
  }
  return c.html(renderRefusal(seen), 403, {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-dragonfly-problem': 'address-refused',
  })
}

/** `address` is canonical text, or a word of ours: nothing that a client could have written. */
function renderRefusal(address: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not from here · Dragonfly</title>
<h1>Not from here</h1>
<p>This Dragonfly answers to certain addresses only. Yours is <strong>${address}</strong>, which is not among them.</p>
<p>Ask an administrator to add it under Settings. If nobody can get in any more: on the server itself, <code>dragonfly allowlist clear</code> opens the door again.</p>
</html>
`
}
