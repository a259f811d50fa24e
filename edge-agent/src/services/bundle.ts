import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '@dragonfly/schema/log'
import type { EdgeFetch, SiblingStatus, SiteEvent } from '@dragonfly/schema/wire'
import { backoff } from '../protocol/backoff.ts'
import { createBundleProgress } from './bundle-progress.ts'
import { describeError } from './control-plane.ts'
import { type BundleOrigin, fetchBundle, findBundle } from './fetch-bundle.ts'
import { claimSource, noSiblings } from './siblings/claim.ts'
import { type Siblings, SiblingsFailedError } from './siblings/siblings.ts'

/** `dataDir` holds `bundles/<version>/` and, while one is fetched, `bundle-chunks/`. */
export interface BundleStoreOptions extends BundleOrigin {
  /** The other edges of the site; none where it is left out. */
  siblings?: Siblings
  warn?: Log['warn']
  /** How often it looks how far the edge is that brings a bundle here. */
  lookAgainMs?: number
  append: (event: SiteEvent) => Promise<void>
  /** Another bundle is in place: the boot responder has to hear of it before the old one goes. */
  onChange: () => Promise<void>
  random: () => number
  /** First and longest wait before another try. */
  retryMs?: { first: number; longest: number }
}

/** The boot bundle on this edge's disk: kernel, ramdisk and boot loaders, checked piece by piece. */
export interface BundleStore {
  want(version: string | null): void
  current(): { dir: string; ready: boolean; version: string | null }
  /** What is being fetched; null while nothing is. */
  progress(): EdgeFetch | null
  /** How it stands with a version, for the other edges of the site. */
  standing(version: string): Omit<SiblingStatus, 'edgeId'>
  stop(): void
}

export async function openBundleStore(options: BundleStoreOptions): Promise<BundleStore> {
  const bundles = join(options.dataDir, 'bundles')
  await mkdir(bundles, { recursive: true })
  let held = await findBundle(bundles)
  // One that lacks files is wanted anew.
  let wanted: string | null = held && !held.isLacking ? held.version : null
  let told: string | null = null
  let busy = false
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  let waits = newWaits(options)
  const fetching = createBundleProgress()

  const fetchWanted = async (): Promise<void> => {
    while (wanted !== null && (wanted !== held?.version || held.isLacking) && !stopped) {
      const previous = held
      const asked = wanted
      const found = await claimSource(
        options.siblings ?? noSiblings,
        { kind: 'bundle', version: asked },
        asked,
        {
          begin: () => fetching.claim(asked),
          end: fetching.end,
        },
      )
      if (found.kind === 'wait' || found.kind === 'ask-again') {
        timer = setTimeout(() => void work(), options.lookAgainMs ?? lookAgainMs)
        return
      }
      if (stopped) return
      const sources = found.kind === 'siblings' ? found.sources : []
      fetching.begin(asked, sources[0]?.edgeId)
      const { version, isLacking } = await fetchBundle(options, {
        bundles,
        held,
        asked,
        sources,
        progress: fetching,
      })
      held = { version, isLacking }
      fetching.end()
      // The control plane may have a newer one than the state said; the next state says so too.
      if (wanted === asked) wanted = version
      if (previous?.version === version && !previous.isLacking) continue
      await options.append({ type: 'bundle.ready', version })
      await options.onChange()
      if (previous && previous.version !== version)
        await rm(join(bundles, previous.version), { recursive: true, force: true })
    }
  }
  const work = async (): Promise<void> => {
    if (busy || stopped) return
    busy = true
    try {
      await fetchWanted()
      waits = newWaits(options)
      told = null
    } catch (error) {
      if (stopped) return
      fetching.end()
      if (error instanceof SiblingsFailedError) {
        options.siblings?.distrust(error.edgeIds)
        timer = setTimeout(() => void work(), 0)
        return options.warn?.('The boot bundle did not come whole from other edges.', { error })
      }
      const message = renderFailure(error, held !== null)
      if (message !== told && wanted)
        await options.append({ type: 'bundle.failed', version: wanted, message })
      told = message
      timer = setTimeout(() => void work(), waits.next().value)
    } finally {
      fetching.end()
      busy = false
    }
  }
  return {
    want: (version) => {
      if (version === null || version === wanted) return
      wanted = version
      if (timer) clearTimeout(timer)
      void work()
    },
    current: () => ({
      dir: join(bundles, held?.version ?? 'none'),
      ready: held !== null,
      version: held?.version ?? null,
    }),
    progress: fetching.current,
    standing: (version) => {
      const nothing = { digest: null, phase: null, bytesDone: 0, busy: false }
      if (version === held?.version) return { ...nothing, status: 'ready', digest: version }
      return fetching.standing(version) ?? { ...nothing, status: version === wanted ? 'wanted' : 'none' }
    },
    stop: () => {
      stopped = true
      if (timer) clearTimeout(timer)
    },
  }
}

function renderFailure(error: unknown, hasOther: boolean): string {
  const meanwhile = hasOther
    ? 'machines boot by the one of before meanwhile'
    : 'no machine can boot from the network here meanwhile'
  const remedy = '`dragonfly-edge doctor` on its host says whether it reaches this server.'
  const reason = describeError(error).slice(0, 1500).replace(/\.$/, '')
  return `The boot bundle could not be fetched: ${reason}. It tries again by itself; ${meanwhile}. ${remedy}`
}

const newWaits = ({ retryMs, random }: BundleStoreOptions) =>
  backoff(retryMs?.first ?? 2000, retryMs?.longest ?? 60_000, random)

const lookAgainMs = 2000
