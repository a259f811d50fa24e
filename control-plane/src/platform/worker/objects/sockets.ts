import type { Context } from 'hono'
import type { AppEnv, EdgeIdentity, Person } from '../../../deps.ts'
import { AppError } from '../../../errors.ts'
import { maxConsolesPerPerson, tooManyConsoles } from '../../../features/consoles/watch.ts'
import { maxSocketsPerPerson, tooManySockets } from '../../../features/events/feed.ts'
import type { SocketOrigin } from '../../../features/people/watch-rights.ts'
import type { Sockets } from '../../../sockets.ts'
import { liveObject, type ObjectBindings } from './bindings.ts'

/** What an object is told of a socket that it is to take. Nobody but this Worker can reach an object. */
export type SocketRequest =
  | { kind: 'tunnel'; edge: EdgeIdentity }
  | { kind: 'edge-console'; edge: EdgeIdentity; consoleId: string }
  | { kind: 'console'; person: Person; origin: StoredOrigin; machineId: string; siteId: string; most: number }
  | { kind: 'events'; person: Person; origin: StoredOrigin; most: number }

/** What a person's session is found by when it is looked at again. */
export interface StoredOrigin {
  headers: [string, string][]
  address: string | null
}

const requestHeader = 'x-dragonfly-socket'

/** Hands a socket over to the object that holds it. */
export function createRemoteSockets(env: ObjectBindings): Sockets {
  return {
    openTunnel: (_c, { edgeId, siteId }) =>
      handOver(env.SITES.getByName(siteId), { kind: 'tunnel', edge: { edgeId, siteId } }),
    openEdgeConsole: (_c, { edgeId, siteId }, consoleId) =>
      handOver(env.SITES.getByName(siteId), { kind: 'edge-console', edge: { edgeId, siteId }, consoleId }),
    openConsole: async (c, person, { machineId, siteId }) => {
      const most = maxConsolesPerPerson
      const request = { kind: 'console', person, origin: storeOrigin(c), machineId, siteId, most } as const
      return refuseTooMany(await handOver(env.SITES.getByName(siteId), request), tooManyConsoles)
    },
    openEvents: async (c, person) => {
      const request = { kind: 'events', person, origin: storeOrigin(c), most: maxSocketsPerPerson } as const
      return refuseTooMany(await handOver(liveObject(env), request), tooManySockets)
    },
  }
}

async function handOver(object: Pick<Fetcher, 'fetch'>, request: SocketRequest): Promise<Response> {
  const headers = {
    upgrade: 'websocket',
    [requestHeader]: encodeURIComponent(JSON.stringify(request)),
  }
  const answer = await object.fetch('https://object.invalid/', { headers })
  if (answer.status === 429) return answer
  if (!answer.webSocket) throw new Error(`the object for a socket answered ${answer.status}`)
  // A response of our own: the other one's headers can't be added to.
  return new Response(null, { status: 101, webSocket: answer.webSocket })
}

function refuseTooMany(answer: Response, message: string): Response {
  if (answer.status === 429) throw new AppError({ code: 'too-many-sockets', status: 429, message })
  return answer
}

/** At the object: null when it is not asked by `handOver`. */
export function readSocketRequest(request: Request): SocketRequest | null {
  const text = request.headers.get(requestHeader)
  return text === null ? null : (JSON.parse(decodeURIComponent(text)) as SocketRequest)
}

const kept = ['cookie', 'authorization']

function storeOrigin(c: Context<AppEnv>): StoredOrigin {
  const headers = kept.flatMap((name): [string, string][] => {
    const value = c.req.header(name)
    return value === undefined ? [] : [[name, value]]
  })
  return { headers, address: c.get('clientAddress') }
}

export function restoreOrigin({ headers, address }: StoredOrigin): SocketOrigin {
  return { headers: new Headers(headers), address }
}
