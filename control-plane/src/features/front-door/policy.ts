import { frontPageModeSchema } from '@dragonfly/schema/api'
import type { FrontPageMode } from '@dragonfly/schema/state'
import { z } from 'zod'
import { type Network, parseNetwork } from '../../addresses.ts'
import type { Database } from '../../database.ts'
import type { Clock } from '../../ports/index.ts'
import { readSetting, releaseSetting, selectSetting, writeSetting } from '../settings/settings.ts'

export interface DoorPolicy {
  frontPage: FrontPageMode
  /** Empty: everybody may come in. */
  allowlist: readonly Network[]
}

/** The policy as it was at most `goodForMs` ago: every request asks, and other processes may change it. */
export interface Door {
  policy(): Promise<DoorPolicy>
  /** The next one to ask reads it anew. */
  forget(): void
}

export const goodForMs = 5000

/** Each who finds it too old reads for themselves: nobody waits for what another request began. */
export function createDoor(db: Database, clock: Clock): Door {
  let kept: { policy: DoorPolicy; readAt: number } | null = null
  let forgotten = 0
  return {
    async policy() {
      const readAt = clock()
      if (kept && readAt >= kept.readAt && readAt - kept.readAt < goodForMs) return kept.policy
      const before = forgotten
      const policy = await readDoorPolicy(db)
      // What was read while it changed may be what was there before.
      if (before === forgotten) kept = { policy, readAt }
      return policy
    },
    forget() {
      forgotten++
      kept = null
    },
  }
}

/** Throws when what is stored can't be read: then nobody comes in, rather than everybody. */
export async function readDoorPolicy(db: Database): Promise<DoorPolicy> {
  const [[mode], [list]] = await db.batch([
    selectSetting(db, 'front-page'),
    selectSetting(db, 'address-allowlist'),
  ])
  return {
    frontPage: frontPageModeSchema.parse(mode?.value ?? 'signed-in'),
    allowlist: list ? parseAllowlist(list.value) : [],
  }
}

function parseAllowlist(text: string): Network[] {
  return z
    .array(z.string())
    .parse(JSON.parse(text))
    .map((entry) => {
      const network = parseNetwork(entry)
      if (!network) throw new Error(`the stored allowlist holds "${entry}", which is no network`)
      return network
    })
}

export function writeFrontPage(db: Database, mode: FrontPageMode) {
  return writeSetting(db, 'front-page', mode)
}

export function writeAllowlist(db: Database, networks: readonly Network[]) {
  return writeSetting(db, 'address-allowlist', JSON.stringify(networks.map(({ text }) => text)))
}

/** The way back in from the command line; true when there was a list. */
export async function clearAllowlist(db: Database): Promise<boolean> {
  const had = (await readSetting(db, 'address-allowlist')) !== null
  await releaseSetting(db, 'address-allowlist')
  return had
}
