/** What is needed to read a qcow2 file (QEMU's docs/interop/qcow2). Offsets and sizes are in bytes. */
export interface Qcow2Header {
  version: 2 | 3
  clusterBits: number
  sizeBytes: number
  l1Entries: number
  l1Offset: number
  compression: 'deflate' | 'zstd'
}

export type Qcow2HeaderResult = { kind: 'ok'; header: Qcow2Header } | { kind: 'refused'; why: string }

/** Bytes of the file that hold all fields that are read. */
export const qcow2HeaderBytes = 112

const magic = 0x51_46_49_fb
/** Bits of `incompatible_features`. */
const feature = { dirty: 1n, corrupt: 2n, externalData: 4n, compressionType: 8n, extendedL2: 16n }
const backedImage =
  'is a snapshot of another image (it has a backing file). Publish it whole: qemu-img convert -O qcow2 IN OUT'

/**
 * Reads a header, and refuses what would need other files or a key: a backing file named by a hostile image would make
 * its reader open files of its own host.
 */
export function decodeQcow2Header(bytes: Uint8Array): Qcow2HeaderResult {
  if (bytes.length < 72) return refused('is cut off in its header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0) !== magic) return refused('has no qcow2 header')
  const version = view.getUint32(4)
  if (version !== 2 && version !== 3) return refused(`is of qcow2 version ${version}, and 2 and 3 are known`)
  const [backingOffset, sizeBytes, l1Offset] = [8, 24, 40].map((at) => view.getBigUint64(at)) as Words
  const clusterBits = view.getUint32(20)
  const l1Entries = view.getUint32(36)
  if (backingOffset !== 0n) return refused(backedImage)
  if (view.getUint32(32) !== 0) return refused('is encrypted')
  if (clusterBits < 9 || clusterBits > 21) return refused(`has clusters of 2^${clusterBits} bytes`)
  const rest = version === 3 ? decodeVersion3(bytes) : { compression: 'deflate' as const }
  if ('why' in rest) return refused(rest.why)
  const header = { version, clusterBits, l1Entries, ...rest } as const
  if (sizeBytes > BigInt(Number.MAX_SAFE_INTEGER) || l1Offset > BigInt(Number.MAX_SAFE_INTEGER))
    return refused('names sizes that no disk has')
  return { kind: 'ok', header: { ...header, sizeBytes: Number(sizeBytes), l1Offset: Number(l1Offset) } }
}

function decodeVersion3(bytes: Uint8Array): { compression: Qcow2Header['compression'] } | { why: string } {
  if (bytes.length < 104) return { why: 'is cut off in its header' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const incompatible = view.getBigUint64(72)
  if (incompatible & feature.corrupt) return { why: 'is marked as corrupt by the program that wrote it' }
  if (incompatible & feature.externalData) return { why: 'keeps its data in another file' }
  if (incompatible & feature.extendedL2)
    return { why: 'uses subclusters (extended L2 entries), which are not read' }
  if (incompatible & ~(feature.dirty | feature.compressionType))
    return { why: 'needs features that are not known here' }
  if (!(incompatible & feature.compressionType)) return { compression: 'deflate' }
  const type = view.getUint32(100) > 104 && bytes.length > 104 ? view.getUint8(104) : 255
  if (type > 1) return { why: `is compressed by method ${type}, which is not known here` }
  return { compression: type === 1 ? 'zstd' : 'deflate' }
}

type Words = [bigint, bigint, bigint]
const refused = (why: string): Qcow2HeaderResult => ({ kind: 'refused', why })
