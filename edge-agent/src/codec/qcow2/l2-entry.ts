/** What a qcow2 cluster is made of: nothing, bytes of the file, or compressed bytes of the file. */
export type Qcow2Cluster =
  | { kind: 'zero' }
  | { kind: 'data'; offset: number }
  | { kind: 'compressed'; offset: number; maxBytes: number }

const offsetMask = 0x00ff_ffff_ffff_fe00n
const compressedFlag = 1n << 62n

/** An L1 entry: where an L2 table is; 0 where nothing is allocated. */
export function decodeL1Entry(entry: bigint): number {
  return Number(entry & offsetMask)
}

/** An L2 entry of version 2 or 3 (docs/interop/qcow2, "Cluster mapping"). */
export function decodeL2Entry(entry: bigint, clusterBits: number): Qcow2Cluster {
  if (entry & compressedFlag) {
    const offsetBits = BigInt(62 - (clusterBits - 8))
    const offset = Number(entry & ((1n << offsetBits) - 1n))
    const sectors = Number((entry & (compressedFlag - 1n)) >> offsetBits) + 1
    return { kind: 'compressed', offset, maxBytes: sectors * 512 - (offset % 512) }
  }
  // Bit 0 is reserved in version 2, and means "reads as zeros" in version 3, whatever is allocated.
  if (entry & 1n) return { kind: 'zero' }
  const offset = Number(entry & offsetMask)
  return offset === 0 ? { kind: 'zero' } : { kind: 'data', offset }
}
