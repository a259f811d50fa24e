import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { controlPlaneProgram, endChild } from '../../../src/product.ts'

const program = join(dirname(controlPlaneProgram), '..', '..', 'testing', 'serve-oidc-provider.ts')

/** What the provider knows of us. */
export const oidcClient = { clientId: 'dragonfly', clientSecret: 'a secret that only the two know' }

/** A real OpenID provider beside the portal, which lets everybody in as Grace, grace@example.com. */
export async function startOidcProvider(portalUrl: string): Promise<AsyncDisposable & { issuer: string }> {
  const child = spawn(process.execPath, [program, `${portalUrl}/sign-in/provider`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [first] = await once(child.stdout, 'data')
  return { issuer: String(first).trim(), [Symbol.asyncDispose]: () => endChild(child, 'SIGTERM') }
}
