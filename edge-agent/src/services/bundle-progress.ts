import type { EdgeFetch, SiblingStatus } from '@dragonfly/schema/wire'
import { claiming } from '../protocol/source-choice.ts'

interface Fetching extends EdgeFetch {
  phase: string
}

/** What is being fetched, and how far that is. */
export function createBundleProgress() {
  let now: Fetching | null = null
  return {
    claim: (version: string): void => {
      now = { version, phase: claiming, bytesDone: 0, bytesTotal: 0 }
    },
    begin: (version: string, fromEdgeId?: string): void => {
      const from = fromEdgeId === undefined ? {} : { fromEdgeId }
      now = { version, phase: 'downloading', bytesDone: 0, bytesTotal: 0, ...from }
    },
    /** All of it, as soon as that is known. */
    expect: (bytesTotal: number): void => {
      if (now) now.bytesTotal = bytesTotal
    },
    advance: (bytes: number): void => {
      if (now) now.bytesDone += bytes
    },
    end: (): void => {
      now = null
    },
    /** For those who watch. */
    current: (): EdgeFetch | null => {
      if (!now || now.bytesTotal === 0) return null
      const { phase: _, ...fetch } = now
      return fetch
    },
    /** For the other edges of the site. */
    standing: (version: string): Omit<SiblingStatus, 'edgeId'> | null =>
      now?.version === version
        ? { status: 'importing', digest: null, phase: now.phase, bytesDone: now.bytesDone, busy: true }
        : null,
  }
}
