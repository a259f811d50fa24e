import { createHash } from 'node:crypto'
import { type Sibling, type SiblingStatus, siblingStatusSchema } from '@dragonfly/schema/wire'
import {
  decideSource,
  type Patience,
  type SiblingNews,
  type SourceChoice,
} from '../../protocol/source-choice.ts'
import { fetchFromSibling, mayAsk } from './sibling-http.ts'

export interface SiblingsOptions {
  edgeId: string
  /** Those that the control plane vouches for. */
  siblings: () => readonly Sibling[]
  /** Addresses of this host. */
  ownAddresses: () => ReadonlySet<string>
  ports: { agentHttp: number; imageHttp: number }
  now: () => number
  /** Also loopback and link-local addresses, for tests. */
  allowsLocal: boolean
  askWithinMs?: number
}

/** An edge of the site that bytes can be fetched from. */
export interface SiblingSource {
  edgeId: string
  /** Of its image server. */
  url: string
}

/** None of them gave the whole of it. What came of it stays, for whoever gives the rest. */
export class SiblingsFailedError extends Error {
  /** They lied, or broke off. */
  readonly edgeIds: readonly string[]
  constructor(edgeIds: readonly string[], message: string) {
    super(message)
    this.edgeIds = edgeIds
  }
}

export type FoundSource =
  | { kind: 'siblings'; sources: readonly SiblingSource[] }
  | { kind: 'wait'; edgeId: string }
  | { kind: 'ask-again' }
  | { kind: 'origin' }

/** What is fetched: an image by its id, or a version of the boot bundle. */
export type Thing = { kind: 'image'; imageId: string } | { kind: 'bundle'; version: string }

/** The other edges of this site, as places to fetch from. */
export interface Siblings {
  /**
   * Where to get a thing from, now. `digest`: what it has to be; null while nobody knows. `claims`: this edge has said
   * that it begins.
   */
  findSource(thing: Thing, digest: string | null, claims: boolean): Promise<FoundSource>
  /** They lied, or broke off: they are not asked for a while. */
  distrust(edgeIds: readonly string[]): void
}

const defaultAskWithinMs = 8000
const largestAnswerBytes = 16 * 1024
const distrustForMs = 10 * 60_000
/** What is no longer waited for was found, or is not wanted any more. */
const mostWaits = 1000

export function createSiblings(options: SiblingsOptions): Siblings {
  const waits = new Map<string, Patience>()
  const distrusted = new Map<string, number>()
  const isTrusted = ({ edgeId }: Sibling): boolean => (distrusted.get(edgeId) ?? 0) <= options.now()

  return {
    findSource: async (thing, digest, claims) => {
      const path = pathOf(thing)
      const answers = await Promise.all(
        options
          .siblings()
          .filter(isTrusted)
          .map((sibling) => ask(options, sibling, path)),
      )
      const heard = answers.filter((answer) => answer !== null)
      const siblings: SiblingNews[] = heard.map(({ status }) => ({
        ...status,
        rank: rankOf(path, status.edgeId),
      }))
      const choice = decideSource({
        digest,
        claims,
        rank: rankOf(path, options.edgeId),
        siblings,
        patience: waits.get(path) ?? null,
        nowMs: options.now(),
      })
      remember(waits, path, choice)
      if (choice.kind !== 'siblings') return choice
      const chosen = heard.filter(({ status }) => choice.edgeIds.includes(status.edgeId))
      return {
        kind: 'siblings',
        sources: chosen.map(({ status, address }) => ({
          edgeId: status.edgeId,
          url: `http://${address}:${options.ports.imageHttp}`,
        })),
      }
    },
    distrust: (edgeIds) => {
      for (const edgeId of edgeIds) distrusted.set(edgeId, options.now() + distrustForMs)
    },
  }
}

function remember(waits: Map<string, Patience>, path: string, choice: SourceChoice): void {
  waits.delete(path)
  if (choice.kind === 'wait' || choice.kind === 'ask-again') waits.set(path, choice.patience)
  const [oldest] = waits.keys()
  if (waits.size > mostWaits && oldest !== undefined) waits.delete(oldest)
}

function pathOf(thing: Thing): string {
  return thing.kind === 'image'
    ? `/siblings/v1/images/${encodeURIComponent(thing.imageId)}`
    : `/siblings/v1/bundle/${encodeURIComponent(thing.version)}`
}

function rankOf(path: string, edgeId: string): string {
  return createHash('sha256').update(`${path} ${edgeId}`).digest('hex')
}

/** At whichever of its addresses it answers first as the edge that it is; null when it does not. */
async function ask(
  { ports, ownAddresses, allowsLocal, askWithinMs = defaultAskWithinMs }: SiblingsOptions,
  { edgeId, addresses }: Sibling,
  path: string,
): Promise<{ status: SiblingStatus; address: string } | null> {
  const own = ownAddresses()
  const abort = new AbortController()
  const tries = addresses
    .filter((address) => mayAsk(address, own, allowsLocal))
    .map(async (address) => {
      const url = `http://${address}:${ports.agentHttp}${path}`
      const limits = { largestBytes: largestAnswerBytes, withinMs: askWithinMs, signal: abort.signal }
      const bytes = await fetchFromSibling({ url, ...limits })
      const status = siblingStatusSchema.parse(JSON.parse(bytes.toString('utf8')))
      if (status.edgeId !== edgeId) throw new Error('another edge answers there')
      return { status, address }
    })
  const found = await Promise.any(tries).catch(() => null)
  abort.abort()
  return found
}
