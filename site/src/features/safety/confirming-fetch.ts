import {
  confirmationHeader,
  type DestructiveOperation,
  destructiveOperations,
  isDangerous,
} from '@dragonfly/schema/state'
import { steppingFetch } from '../account/stepping-fetch.ts'
import { askToHold } from './confirmation-store.ts'

const addresses: readonly { method: string; path: RegExp; operation: DestructiveOperation }[] = [
  { method: 'POST', path: /^\/api\/v1\/deployments$/, operation: 'createDeployment' },
  { method: 'POST', path: /^\/api\/v1\/bulk\/deploy$/, operation: 'deployMachines' },
  { method: 'POST', path: /^\/api\/v1\/bulk\/delete$/, operation: 'deleteMachines' },
  { method: 'PUT', path: /^\/api\/v1\/safety\/switches$/, operation: 'setSafetySwitch' },
  { method: 'PUT', path: /^\/api\/v1\/safety\/minimum$/, operation: 'setMinimumSafety' },
  { method: 'PATCH', path: /^\/api\/v1\/front-door$/, operation: 'updateFrontDoor' },
  { method: 'PATCH', path: /^\/api\/v1\/sites\/(?<siteId>[^/]+)$/, operation: 'updateSite' },
  {
    method: 'POST',
    path: /^\/api\/v1\/machines\/(?<machineId>[^/]+)\/power$/,
    operation: 'powerMachine',
  },
  { method: 'POST', path: /^\/api\/v1\/bulk\/power$/, operation: 'powerMachines' },
  { method: 'DELETE', path: /^\/api\/v1\/machines\/(?<machineId>[^/]+)$/, operation: 'deleteMachine' },
  {
    method: 'DELETE',
    path: /^\/api\/v1\/machines\/(?<machineId>[^/]+)\/bmc\/event-log$/,
    operation: 'clearBmcLog',
  },
  {
    method: 'PUT',
    path: /^\/api\/v1\/machines\/(?<machineId>[^/]+)\/bmc\/media$/,
    operation: 'insertBmcMedia',
  },
  { method: 'DELETE', path: /^\/api\/v1\/edges\/(?<edgeId>[^/]+)$/, operation: 'revokeEdge' },
  { method: 'DELETE', path: /^\/api\/v1\/sites\/(?<siteId>[^/]+)$/, operation: 'deleteSite' },
  { method: 'DELETE', path: /^\/api\/v1\/images\/(?<imageId>[^/]+)$/, operation: 'deleteImage' },
]

export interface Dangerous {
  operation: DestructiveOperation
  targets: Record<string, unknown>
}

/** What a request would destroy, and the targets that its confirmation is bound to; null when nothing. */
export function findDangerous(method: string, pathname: string, body: unknown): Dangerous | null {
  for (const { operation, path, method: own } of addresses) {
    const match = own === method ? path.exec(pathname) : null
    if (!match) continue
    const given = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
    const ids = Object.entries(match.groups ?? {}).map(([key, id]) => [key, decodeURIComponent(id)] as const)
    const fields: Record<string, unknown> = { ...given, ...Object.fromEntries(ids) }
    if (!isDangerous(operation, fields)) return null
    const targets = Object.fromEntries(destructiveOperations[operation].map((key) => [key, fields[key]]))
    return { operation, targets }
  }
  return null
}

/**
 * `fetch` for the whole portal: what is dangerous waits for click and hold in safe mode, and wherever the server
 * wants it confirmed all the same (a site may ask for more than its people do).
 */
export async function confirmingFetch(request: Request): Promise<Response> {
  const body: unknown = ['POST', 'PUT', 'PATCH'].includes(request.method)
    ? await request
        .clone()
        .json()
        .catch(() => null)
    : null
  const dangerous = findDangerous(request.method, new URL(request.url).pathname, body)
  if (!dangerous) return steppingFetch(request)
  const again = request.clone()
  if ((await readMode()) !== 'safe') {
    const answer = await steppingFetch(request)
    if (answer.status !== 428) return answer
  }
  again.headers.set(confirmationHeader, await askToHold(dangerous))
  return steppingFetch(again)
}

/** Asked each time: power mode ends by itself, and an administrator may have ended it for everybody. */
async function readMode(): Promise<unknown> {
  const answer = await fetch('/api/v1/safety', { credentials: 'same-origin' })
  const safety: unknown = answer.ok ? await answer.json() : null
  return typeof safety === 'object' && safety !== null && 'mode' in safety ? safety.mode : null
}
