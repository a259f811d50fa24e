/** What a full journal may lose: log lines and progress, oldest first. State changes are never dropped. */
export const droppableEvents = ['log', 'deployment.progress', 'deployment.console', 'bmc.log'] as const

export interface CompactableEntry {
  seq: number
  kind: 'droppable' | 'gap' | 'kept'
  /** For a gap: what it stands for already. */
  gap: { from: number; to: number } | null
}

export interface Compaction {
  deleted: number[]
  /** Entries that become `journal.gap`, in place, so that the loss is told where it happened. */
  gaps: { seq: number; from: number; to: number }[]
}

/** Merges each run of droppable entries (and gaps beside them) into one gap at the run's last sequence number. */
export function planCompaction(entries: readonly CompactableEntry[]): Compaction {
  const result: Compaction = { deleted: [], gaps: [] }
  let run: CompactableEntry[] = []
  const close = (): void => {
    const first = run[0]
    const last = run.at(-1)
    if (first && last && run.some((entry) => entry.kind === 'droppable')) {
      result.gaps.push({ seq: last.seq, from: first.gap?.from ?? first.seq, to: last.gap?.to ?? last.seq })
      for (const entry of run) if (entry !== last) result.deleted.push(entry.seq)
    }
    run = []
  }
  for (const entry of entries) {
    const previous = run.at(-1)
    const adjacent = !previous || previous.seq + 1 === (entry.gap?.from ?? entry.seq)
    if (entry.kind === 'kept' || !adjacent) close()
    if (entry.kind !== 'kept') run.push(entry)
  }
  close()
  return result
}
