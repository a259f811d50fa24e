import type { AuditEntry } from '@dragonfly/schema/api'
import canonicalize from 'canonicalize'
import { sha256Hex } from '../../ids.ts'

const firstPreviousHash = '0'.repeat(64)

/** Hash of an entry: SHA-256 over the previous hash, a line feed, and the entry's RFC 8785 JSON. */
export async function hashEntry(previousHash: string, entry: Omit<AuditEntry, 'hash'>): Promise<string> {
  const text = canonicalize(entry)
  if (text === undefined) throw new Error('an audit entry is JSON')
  return sha256Hex(`${previousHash}\n${text}`)
}

/** Where the chain stands after some of its entries, oldest first. */
export interface ChainEnd {
  seq: number
  hash: string
}

export const emptyChain: ChainEnd = { seq: 0, hash: firstPreviousHash }

/** Follows the chain over the next entries; answers with its new end, or the `seq` of the first that does not fit. */
export async function followChain(
  end: ChainEnd,
  entries: readonly AuditEntry[],
): Promise<{ end: ChainEnd; brokenAt: number | null }> {
  let current = end
  for (const { hash, ...entry } of entries) {
    if (entry.seq !== current.seq + 1) return { end: current, brokenAt: current.seq + 1 }
    if (hash !== (await hashEntry(current.hash, entry))) return { end: current, brokenAt: entry.seq }
    current = { seq: entry.seq, hash }
  }
  return { end: current, brokenAt: null }
}
