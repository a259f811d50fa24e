import { hostname } from 'node:os'
import { type EnrolRequest, enrolResponseSchema } from '@dragonfly/schema/wire'
import { describeError, readProblem } from './control-plane.ts'
import { createKeyRing, fingerprint, generateEdgeKey, storeKeyRing } from './edge-key.ts'
import { generateSealingKeys, signSealingKey, storeSealingKeys } from './sealing-keys.ts'
import { loadIdentity, replaceIdentity } from './store/identity.ts'
import { openStore } from './store/store.ts'
import { version } from './version.ts'

export type JoinResult =
  | { kind: 'joined'; fingerprint: string; siteName: string; url: string }
  | { kind: 'refused'; message: string }

/**
 * Enrols this edge: makes a key pair, shows the control plane its public half with the one-time token, and keeps
 * what it answers. Nothing is stored unless the control plane took it.
 */
export async function joinSite(
  options: { url: string; token: string; dataDir: string; force: boolean },
  now: () => number,
): Promise<JoinResult> {
  const store = await openStore(options.dataDir)
  try {
    const present = await loadIdentity(store)
    if (present && !options.force) {
      return {
        kind: 'refused',
        message: `This edge has joined site ${present.siteName} of ${present.url} already. To leave it for another one, add --force.`,
      }
    }
    const key = generateEdgeKey()
    const sealingKeys = await generateSealingKeys(now())
    const request = {
      token: options.token,
      publicKey: key.publicJwk,
      sealingKey: await signSealingKey(sealingKeys, key),
    }
    const response = await enrol(options.url, request)
    if ('refused' in response) return { kind: 'refused', message: response.refused }
    await storeKeyRing(options.dataDir, createKeyRing(key, now()))
    await storeSealingKeys(options.dataDir, sealingKeys)
    await replaceIdentity(store, { url: options.url, ...response }, now())
    return {
      kind: 'joined',
      fingerprint: await fingerprint(key.publicJwk),
      siteName: response.siteName,
      url: options.url,
    }
  } finally {
    store.close()
  }
}

async function enrol(url: string, key: Pick<EnrolRequest, 'token' | 'publicKey' | 'sealingKey'>) {
  const request: EnrolRequest = { ...key, hostname: hostname(), version }
  let response: Response
  try {
    response = await fetch(`${url}/api/edge/v1/enrol`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(30_000),
      redirect: 'error',
    })
  } catch (error) {
    return {
      refused: `${url} could not be reached (${describeError(error)}). Check the URL and the network.`,
    }
  }
  if (!response.ok) return { refused: (await readProblem(response)).message }
  const parsed = enrolResponseSchema.safeParse(await response.json().catch(() => null))
  if (parsed.success) return parsed.data
  return { refused: `${url} does not answer like a Dragonfly control plane. Check the URL.` }
}
