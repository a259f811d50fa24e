import { type ReplaceKeyRequest, type SiteState, siteStateSchema } from '@dragonfly/schema/wire'
import { z } from 'zod'
import type { EdgeKey } from './edge-key.ts'
import { signEdgeToken } from './signing.ts'
import type { EdgeIdentity } from './store/identity.ts'

const requestTimeoutMs = 60_000
const problemSchema = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  code: z.string().optional(),
})

/** The control plane answered, and said no. `message` is fit for a person (RFC 9457 `detail`). */
export class ControlPlaneError extends Error {
  readonly status: number
  readonly code: string | null
  constructor(status: number, message: string, code: string | null) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** The control plane's HTTPS side, as one edge sees it. */
export interface ControlPlane {
  readonly url: string
  authorization(): Promise<string>
  /** Null when it is still the one with this ETag. */
  fetchState(etag: string | null): Promise<{ state: SiteState; etag: string | null } | null>
  /** A GET below /api/edge/v1 that is at most `maxBytes` long. */
  fetchBytes(path: string, maxBytes: number): Promise<Uint8Array>
}

/** `key`: the one that counts when it is asked for. */
export function createControlPlane(
  identity: EdgeIdentity,
  key: () => EdgeKey,
  now: () => number,
): ControlPlane {
  const { url, edgeId, controlPlaneId } = identity
  const authorization = async (): Promise<string> =>
    `Bearer ${await signEdgeToken(key(), { edgeId, controlPlaneId, nowMs: now() })}`
  const get = async (path: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${url}/api/edge/v1${path}`, {
      headers: { authorization: await authorization(), ...headers },
      signal: AbortSignal.timeout(requestTimeoutMs),
      redirect: 'error',
    })
  return {
    url,
    authorization,
    fetchState: async (etag) => {
      const response = await get('/state', etag ? { 'if-none-match': etag } : {})
      if (response.status === 304) return null
      if (!response.ok) throw await readProblem(response)
      const state = siteStateSchema.parse(await response.json())
      return { state, etag: response.headers.get('etag') }
    },
    fetchBytes: async (path, maxBytes) => {
      const response = await get(path, {})
      if (!response.ok) throw await readProblem(response)
      return readBounded(response, maxBytes)
    },
  }
}

/** Tells the control plane that this edge leaves its site; it is revoked there. Throws when it was not taken. */
export async function postLeave(identity: EdgeIdentity, key: EdgeKey, now: () => number): Promise<void> {
  const { authorization } = createControlPlane(identity, () => key, now)
  const response = await fetch(`${identity.url}/api/edge/v1/leave`, {
    method: 'POST',
    headers: { authorization: await authorization() },
    signal: AbortSignal.timeout(30_000),
    redirect: 'error',
  })
  if (!response.ok) throw await readProblem(response)
}

/** The control plane's side of an identity key. */
export interface KeyDesk {
  /** Whether the edge is known by this key. Throws when nobody answers. */
  isTaken(key: EdgeKey): Promise<boolean>
  /** Throws a ControlPlaneError when it was not taken. */
  replace(by: EdgeKey, request: ReplaceKeyRequest): Promise<void>
}

export function createKeyDesk(identity: EdgeIdentity, now: () => number): KeyDesk {
  const ask = async (key: EdgeKey, init: RequestInit): Promise<Response> => {
    const authorization = await createControlPlane(identity, () => key, now).authorization()
    return fetch(`${identity.url}/api/edge/v1/key`, {
      ...init,
      headers: { authorization, ...(init.body ? { 'content-type': 'application/json' } : {}) },
      signal: AbortSignal.timeout(requestTimeoutMs),
      redirect: 'error',
    })
  }
  return {
    async isTaken(key) {
      const response = await ask(key, {})
      if (response.status === 401) return false
      if (!response.ok) throw await readProblem(response)
      return true
    },
    async replace(by, request) {
      const response = await ask(by, { method: 'POST', body: JSON.stringify(request) })
      if (!response.ok) throw await readProblem(response)
    },
  }
}

export async function readProblem(response: Response): Promise<ControlPlaneError> {
  const text = new TextDecoder().decode(await readBounded(response, 64 * 1024))
  let problem: z.infer<typeof problemSchema> = {}
  try {
    problem = problemSchema.parse(JSON.parse(text))
  } catch {
    // Not a problem document (a proxy's page, say): the status has to do.
  }
  const sentence =
    problem.detail ?? problem.title ?? `The control plane answered with HTTP status ${response.status}.`
  return new ControlPlaneError(response.status, sentence, problem.code ?? null)
}

async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let total = 0
  for await (const part of response.body ?? []) {
    total += part.length
    if (total > maxBytes) throw new Error(`The answer is longer than ${maxBytes} bytes.`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** What a failed fetch means, in words: undici hides the cause of "fetch failed". */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause
  if (cause instanceof Error && cause.message) return describeError(cause)
  if (error.name === 'TimeoutError') return 'no answer in time'
  const code = (error as NodeJS.ErrnoException).code
  return error.message || code || error.name
}
