import type { SiteState } from '@dragonfly/schema/wire'
import type { Database } from '../io/database.ts'
import { backoff } from '../protocol/backoff.ts'
import { decideApply } from '../protocol/state-apply.ts'
import { type ControlPlane, describeError } from './control-plane.ts'
import { loadSiteState, type StoredSiteState, storeSiteState } from './store/site-state.ts'

export interface StateSyncOptions {
  database: Database
  controlPlane: ControlPlane
  siteId: string
  now: () => number
  random: () => number
  complain: (message: string) => void
  /** Acts on a state that is on disk already. */
  apply: (state: SiteState) => Promise<void>
  /** A fetch that fails is tried again only while this is true. */
  isConnected: () => boolean
}

/** Holds the site's desired state, and brings it up to date when told. */
export interface StateSync {
  current(): SiteState | null
  /** Fetches the state, and again if it is called meanwhile. */
  refresh(): void
  stop(): void
}

export async function openStateSync(options: StateSyncOptions): Promise<StateSync> {
  let held: StoredSiteState | null = await loadSiteState(options.database)
  /** What is held was not acted on yet: acting on it failed (a full disk, say). */
  let isPending = false
  let busy = false
  let again = false
  let stopped = false
  let timer: NodeJS.Timeout | null = null
  let waits = backoff(1000, 30_000, options.random)

  const applyHeld = async (): Promise<void> => {
    if (!held) return
    isPending = true
    await options.apply(held.state)
    isPending = false
  }
  const fetchOnce = async (): Promise<void> => {
    if (isPending) await applyHeld()
    const fetched = await options.controlPlane.fetchState(held?.etag ?? null)
    if (!fetched || stopped) return
    const { state } = fetched
    const decision = decideApply(held?.state ?? null, options.siteId, state)
    if (decision.kind === 'ignore') {
      if (decision.reason === 'other-site')
        options.complain('The control plane sent the state of another site; it was not taken.')
      return
    }
    await storeSiteState(options.database, { state, etag: fetched.etag }, options.now())
    held = { state, etag: fetched.etag }
    await applyHeld()
  }
  const refresh = async (): Promise<void> => {
    again = true
    if (busy) return
    busy = true
    try {
      while (again && !stopped) {
        again = false
        await fetchOnce()
        waits = backoff(1000, 30_000, options.random)
      }
    } catch (error) {
      options.complain(`The site’s state could not be taken: ${describeError(error)}.`)
      if (timer) clearTimeout(timer)
      timer = setTimeout(() => options.isConnected() && void refresh(), waits.next().value)
    } finally {
      busy = false
    }
  }
  return {
    current: () => held?.state ?? null,
    refresh: () => void refresh(),
    stop: () => {
      stopped = true
      if (timer) clearTimeout(timer)
    },
  }
}
