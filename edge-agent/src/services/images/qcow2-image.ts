import { inflateRawSync, zstdDecompressSync } from 'node:zlib'
import { decodeQcow2Header, type Qcow2Header, qcow2HeaderBytes } from '../../codec/qcow2/header.ts'
import { decodeL1Entry, decodeL2Entry, type Qcow2Cluster } from '../../codec/qcow2/l2-entry.ts'
import { measureZstdFrame } from '../../codec/zstd-frame.ts'
import { ImportError } from './import-error.ts'

/** A file that is read at any place. */
export interface RandomAccess {
  sizeBytes: number
  /** Fills `into` from `offset` on; returns how many bytes the file had there. */
  read(into: Uint8Array, offset: number): Promise<number>
}

export interface Qcow2Image {
  sizeBytes: number
  /** Reads raw bytes into `into`, which is all zero. */
  read(into: Buffer, offset: number): Promise<void>
}

/**
 * Opens a qcow2 file for reading from its first byte to its last. Every pointer in it is checked against the file's end.
 * @throws ImportError `not-an-image` for what is not read (backing file, encryption), `image-damaged`
 */
export async function openQcow2(file: RandomAccess): Promise<Qcow2Image> {
  const start = new Uint8Array(qcow2HeaderBytes)
  const result = decodeQcow2Header(start.subarray(0, await file.read(start, 0)))
  if (result.kind === 'refused') throw new ImportError('not-an-image', `The qcow2 image ${result.why}.`)
  const { header } = result
  const tables = await openTables(file, header)
  const clusterBytes = 2 ** header.clusterBits
  return {
    sizeBytes: header.sizeBytes,
    read: async (into, offset) => {
      for (let done = 0; done < into.length; ) {
        const position = offset + done
        const within = position % clusterBytes
        const length = Math.min(clusterBytes - within, into.length - done)
        const cluster = await tables.clusterAt(Math.floor(position / clusterBytes))
        const target = into.subarray(done, done + length)
        await readCluster(file, header, cluster, { within, target })
        done += length
      }
    },
  }
}

/** The two levels of tables; the L2 table in use is kept. */
async function openTables(file: RandomAccess, { clusterBits, sizeBytes, l1Entries, l1Offset }: Qcow2Header) {
  const clusterBytes = 2 ** clusterBits
  const entriesPerL2 = clusterBytes / 8
  const needed = Math.ceil(sizeBytes / (clusterBytes * entriesPerL2))
  if (l1Entries < needed) throw damaged('its table of tables is too short')
  const l1 = await readTable(file, l1Offset, needed)
  let held: { at: number; table: DataView } | null = null
  return {
    clusterAt: async (index: number): Promise<Qcow2Cluster> => {
      const at = decodeL1Entry(l1.getBigUint64(Math.floor(index / entriesPerL2) * 8))
      if (at === 0) return { kind: 'zero' }
      if (held?.at !== at) held = { at, table: await readTable(file, at, entriesPerL2) }
      return decodeL2Entry(held.table.getBigUint64((index % entriesPerL2) * 8), clusterBits)
    },
  }
}

async function readTable(file: RandomAccess, offset: number, entries: number): Promise<DataView> {
  // Checked before memory is asked for: an entry that can't be in the file is not read.
  if (offset + entries * 8 > file.sizeBytes) throw damaged('a table lies behind its end')
  const bytes = new Uint8Array(entries * 8)
  await file.read(bytes, offset)
  return new DataView(bytes.buffer)
}

async function readCluster(
  file: RandomAccess,
  header: Qcow2Header,
  cluster: Qcow2Cluster,
  { within, target }: { within: number; target: Buffer },
): Promise<void> {
  if (cluster.kind === 'zero') return
  if (cluster.offset >= file.sizeBytes) throw damaged('data lies behind its end')
  if (cluster.kind === 'data') {
    // The file's last cluster may be short: what is not there reads as zeros.
    return void (await file.read(target, cluster.offset + within))
  }
  const packed = Buffer.alloc(Math.min(cluster.maxBytes, file.sizeBytes - cluster.offset))
  await file.read(packed, cluster.offset)
  unpackCluster(header, packed).copy(target, 0, within)
}

function unpackCluster({ compression, clusterBits }: Qcow2Header, packed: Buffer): Buffer {
  const options = { maxOutputLength: 2 ** clusterBits }
  let raw: Buffer
  try {
    const frameBytes = compression === 'zstd' ? measureZstdFrame(packed) : packed.length
    if (frameBytes === null) throw damaged('a compressed cluster is cut off')
    raw =
      compression === 'zstd'
        ? zstdDecompressSync(packed.subarray(0, frameBytes), options)
        : inflateRawSync(packed, options)
  } catch {
    throw damaged('a compressed cluster can’t be unpacked')
  }
  if (raw.length !== 2 ** clusterBits) throw damaged('a compressed cluster is too short')
  return raw
}

const damaged = (what: string): ImportError =>
  new ImportError('image-damaged', `The qcow2 image is damaged: ${what}.`)
