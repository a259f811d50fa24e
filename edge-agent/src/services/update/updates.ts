import type { Log } from '@dragonfly/schema/log'
import type { EdgeFetch, SiteState } from '@dragonfly/schema/wire'
import { describeError } from '../control-plane.ts'
import type { Problems } from '../problems.ts'
import { version as ownVersion } from '../version.ts'
import { fetchRelease, type ReleaseSource } from './fetch-release.ts'
import { unpackVersion } from './unpack.ts'
import { type SwitchOptions, switchTo } from './updater.ts'
import {
  forgetVersions,
  type Installation,
  readVersionsState,
  trialVariable,
  type VersionsState,
  writeVersionsState,
} from './versions.ts'

export interface UpdateStatus {
  /** This version has not yet shown that it works. */
  onTrial: boolean
  last: NonNullable<VersionsState['report']> | null
}

/** Brings this edge to another version: as its site wants it, or a person at the console. */
export interface Updates {
  status(): UpdateStatus
  /** What is being fetched; null while nothing is. */
  progress(): EdgeFetch | null
  /** From the site's desired state; each request is tried once. */
  want(wanted: SiteState['edgeUpdate']): void
  /** From a tarball on this host. Gives the version that is about to take over. @throws a sentence for the person */
  takeFile(path: string): Promise<string>
  /** From the control plane; null: whichever it holds. */
  takeRelease(version: string | null): Promise<string>
  stop(): void
}

export interface UpdatesOptions extends ReleaseSource {
  /** Null where nothing would start another version. */
  installation: Installation | null
  isConnected: () => boolean
  handOver: SwitchOptions['handOver']
  problems: Pick<Problems, 'raise' | 'clear'>
  warn: Log['warn']
}

const about = 'update'
const rolledBack = 'update-rolled-back'
const failed = 'update-failed'
const lookEveryMs = 1000
/** So that who asked hears the answer. */
const beforeSwitchMs = 200

/** Updates of an installation that was replaced since are history. */
async function openState({ dataDir, installation }: UpdatesOptions): Promise<VersionsState | null> {
  const state = await readVersionsState(dataDir)
  if (!state || !installation || state.base === installation.version) return state
  await forgetVersions(dataDir)
  return null
}

export async function openUpdates(options: UpdatesOptions): Promise<Updates> {
  const { dataDir, problems } = options
  let state = await openState(options)
  let busy = false
  let fetching: EdgeFetch | null = null
  let timer: NodeJS.Timeout | null = null
  const isOnTrial = (): boolean =>
    state?.trial !== null && state?.trial !== undefined && state.trial.id === process.env[trialVariable]

  const tell = async (): Promise<void> => {
    const last = state?.report
    if (last?.outcome === 'rolled-back')
      await problems.raise(
        rolledBack,
        about,
        `The update to version ${last.version} was undone, and version ${ownVersion} runs again: ${last.message ?? ''} Read the edge’s log before you try again.`,
      )
    else await problems.clear(about, rolledBack)
  }
  /** Until the guard has judged. */
  const look = async (): Promise<void> => {
    state = await readVersionsState(dataDir)
    if (isOnTrial())
      timer = setTimeout(
        () => void look().catch((error) => options.warn('Looking at an update failed.', { error })),
        lookEveryMs,
      )
    else await tell()
  }
  const fetch = async (version: string | null): Promise<string> => {
    try {
      return await fetchRelease(options, version, (progress) => {
        fetching = progress
      })
    } finally {
      fetching = null
    }
  }
  const prepare = async (fetchTarball: () => Promise<string>, requestId: string | null): Promise<string> => {
    const { installation } = options
    if (!installation) throw new Error('This edge runs from its sources: update them instead.')
    if (busy || isOnTrial()) throw new Error('Another update is under way: wait until it is over.')
    busy = true
    try {
      const version = await unpackVersion(dataDir, await fetchTarball())
      if (version === ownVersion) throw new Error(`Version ${version} runs already.`)
      await problems.clear(about, failed)
      if (state) state = { ...state, report: null }
      timer = setTimeout(() => void begin(installation, version, requestId), beforeSwitchMs)
      return version
    } catch (error) {
      busy = false
      throw error
    }
  }
  const begin = async (
    installation: Installation,
    version: string,
    requestId: string | null,
  ): Promise<void> => {
    const { handOver, isConnected, warn } = options
    warn(`Updating from version ${ownVersion} to ${version}; machines are served meanwhile.`)
    await switchTo(version, requestId, { dataDir, installation, wantsTunnel: isConnected(), handOver }).catch(
      (error) => {
        busy = false
        return fail(error)
      },
    )
  }
  const fail = (error: unknown): Promise<void> =>
    problems.raise(
      failed,
      about,
      `The edge could not be updated, and goes on as version ${ownVersion}: ${describeError(error).replace(/\.$/, '')}. When that is mended, tell it to update again.`,
    )

  const follow = async (wanted: NonNullable<SiteState['edgeUpdate']>): Promise<void> => {
    if (wanted.version === ownVersion || wanted.requestId === state?.requestId || busy || isOnTrial()) return
    const { installation } = options
    if (installation) {
      // Noted first: whatever comes of it, it is not tried again and again.
      state = { ...state, base: installation.version, requestId: wanted.requestId }
      await writeVersionsState(dataDir, state)
    }
    await prepare(() => fetch(wanted.version), wanted.requestId)
  }
  await look()
  return {
    progress: () => fetching,
    status: () => ({ onTrial: isOnTrial(), last: state?.report ?? null }),
    want: (wanted) => {
      if (wanted) void follow(wanted).catch(fail)
    },
    takeFile: (path) => prepare(async () => path, null),
    takeRelease: (version) => prepare(() => fetch(version), null),
    stop: () => {
      if (timer) clearTimeout(timer)
    },
  }
}
