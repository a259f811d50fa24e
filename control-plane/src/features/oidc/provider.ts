import * as client from 'openid-client'
import { invalid } from '../../errors.ts'
import { isMultiFactor, type ProviderPerson } from './decide.ts'

export interface ProviderAccess {
  issuer: string
  clientId: string
  clientSecret: string
}

const timeoutSeconds = 10

/** Reads what the provider says of itself (OpenID Connect Discovery). Throws with a sentence at the field. */
export async function discover({ issuer, clientId, clientSecret }: ProviderAccess) {
  const url = new URL(issuer)
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !isLoopback) {
    throw invalid([{ path: 'issuer', message: 'The issuer is an https:// address: secrets travel there.' }])
  }
  try {
    return await client.discovery(url, clientId, clientSecret, undefined, {
      timeout: timeoutSeconds,
      ...(url.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {}),
    })
  } catch (error) {
    throw invalid([{ path: 'issuer', message: explainDiscovery(issuer, error) }])
  }
}

function explainDiscovery(issuer: string, error: unknown): string {
  const at = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Response) {
    return `${at} answered with status ${cause.status}: is this the issuer, as the provider writes it?`
  }
  const code = error instanceof client.ClientError ? error.code : undefined
  if (code === 'OAUTH_TIMEOUT') return `${at} did not answer within ${timeoutSeconds} s.`
  if (code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED') {
    return `${at} names another issuer: write it exactly as the provider does, with or without the last slash.`
  }
  return `${at} could not be read: check the address, and that this server reaches it.`
}

/** Where the browser is sent, and what has to be remembered until it comes back. */
export async function renderAuthorization(config: client.Configuration, redirectUri: string) {
  const state = client.randomState()
  const verifier = client.randomPKCECodeVerifier()
  const nonce = client.randomNonce()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid email profile',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  })
  return { url: url.href, state, verifier, nonce }
}

/** Who came back, by a code that is good once. Throws when anything about it is not as it was begun. */
export async function redeem(
  config: client.Configuration,
  callback: URL,
  begun: { state: string; verifier: string; nonce: string },
): Promise<ProviderPerson> {
  const tokens = await client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: begun.verifier,
    expectedState: begun.state,
    expectedNonce: begun.nonce,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  if (!claims) throw new Error('no id token')
  const known: Record<string, unknown> = { ...claims }
  // Many providers tell the e-mail address only to those who ask once more.
  if (known.email === undefined && config.serverMetadata().userinfo_endpoint) {
    const more = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
    known.email = more.email
    known.email_verified = more.email_verified
    known.name ??= more.name
  }
  return {
    subject: claims.sub,
    email: typeof known.email === 'string' ? known.email.toLowerCase() : null,
    emailVerified: known.email_verified === true,
    name: typeof known.name === 'string' && known.name !== '' ? known.name.slice(0, 100) : null,
    mfa: isMultiFactor(known),
  }
}
