/** An edge that was told to become another version has shown itself by then, or wants looking after. */
export const updateOverdueMs = 10 * 60_000

export type UpdateStanding = 'none' | 'under-way' | 'overdue'

/**
 * How the update of an edge stands: `wanted` since `askedAt` (epoch ms), or nothing. What is still being fetched is
 * under way, however slow the line is.
 */
export function judgeUpdate(
  { wanted, askedAt, isFetching }: { wanted: string | null; askedAt: number | null; isFetching: boolean },
  now: number,
): UpdateStanding {
  if (wanted === null) return 'none'
  return isFetching || now - (askedAt ?? 0) < updateOverdueMs ? 'under-way' : 'overdue'
}
