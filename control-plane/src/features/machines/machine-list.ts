import { createBreathe } from '../../breathe.ts'
import type { Deps } from '../../deps.ts'
import { loadMachines } from './changed-machines.ts'
import { createIndexedMachines, type IndexedMachines, type MachineFilter } from './indexed-machines.ts'

/** A page of the list; all of it without a limit. */
interface MachineQuery extends MachineFilter {
  limit?: number | undefined
  offset?: number | undefined
}

interface ListAnswer {
  /** An ETag: another one whenever the body may be another one. */
  tag: string
  /** JSON. */
  body: Uint8Array<ArrayBuffer>
}

/**
 * The list of machines, kept as bytes between requests. Each request asks the database what has changed since the one
 * before it (`list_revisions`), and only that is read and rendered again: no answer is older than its request.
 */
export interface MachineList {
  answer(
    deps: Pick<Deps, 'db' | 'values'>,
    query: MachineQuery,
    siteIds: readonly string[] | null,
  ): Promise<ListAnswer>
}

/** Runs work; those who ask at the same moment may share what begins after they asked. */
export type InTurn = (work: () => Promise<void>) => Promise<void>

/** A fleet with more machines is not kept: each request reads all of it. */
const mostKept = 20_000
/** Answers that are kept for as long as nothing changes. */
const mostAnswers = 32
const mostAnswerBytes = 24 * 1024 * 1024
/** Machines that are made into JSON between two looks at the clock. */
const encodedAtOnce = 100

/** `mostAtOnce`: machines that are read and rendered before others are let in. */
export function createMachineList(inTurn: InTurn, mostAtOnce = Number.POSITIVE_INFINITY): MachineList {
  const instance = crypto.randomUUID()
  let serial = 0
  let kept: IndexedMachines = createIndexedMachines()
  const answers = createAnswers()

  async function refresh(deps: Pick<Deps, 'db' | 'values'>): Promise<void> {
    for (;;) {
      const held = kept
      const since = held.revision()
      const loaded = await loadMachines(deps.db, since, mostAtOnce)
      // Another request may have been quicker: what was read here may be older than what it took.
      if (held !== kept || held.revision() !== since) continue
      if (held.take(loaded)) answers.clear()
      const active = held.activeDeployments()
      if (active.length === 0) return
      const progress = await deps.values.deployments(active)
      if (held.takeProgress(progress)) answers.clear()
      return
    }
  }

  /** What readings of a minute have changed are thousands of machines. */
  async function encodeAll(list: IndexedMachines): Promise<void> {
    const breathe = createBreathe()
    while (list.encodeSome(encodedAtOnce)) await breathe()
  }

  return {
    async answer(deps, query, siteIds) {
      await inTurn(() => refresh(deps))
      const { siteId, status, q, limit, offset } = query
      const key = q ? null : JSON.stringify([siteId, status, limit, offset, siteIds])
      const ready = key === null ? null : answers.get(key)
      if (ready) return ready
      if (limit === undefined) await encodeAll(kept)
      const made = { tag: `"${instance}.${++serial}"`, body: kept.render(query, siteIds, { limit, offset }) }
      if (kept.size() > mostKept) kept = createIndexedMachines()
      else if (key !== null) answers.keep(key, made)
      return made
    },
  }
}

function createAnswers() {
  const byKey = new Map<string, ListAnswer>()
  let bytes = 0
  return {
    get: (key: string) => byKey.get(key),
    clear(): void {
      byKey.clear()
      bytes = 0
    },
    /** The oldest go for it. */
    keep(key: string, answer: ListAnswer): void {
      if (answer.body.length > mostAnswerBytes) return
      byKey.set(key, answer)
      bytes += answer.body.length
      for (const [old, { body }] of byKey) {
        if (byKey.size <= mostAnswers && bytes <= mostAnswerBytes) return
        byKey.delete(old)
        bytes -= body.length
      }
    },
  }
}

/** For a platform where one request may wait for what another one does. */
export function createTurns(): InTurn {
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null
  const inTurn: InTurn = (work) => {
    if (!running) {
      running = work().finally(() => {
        running = null
      })
      return running
    }
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = null
        return inTurn(work)
      })
    return next
  }
  return inTurn
}
