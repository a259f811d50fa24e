/**
 * Length of the zstd frame that `bytes` begin with (RFC 8878 §3.1.1), or null where it is not whole. A qcow2 cluster is
 * followed by bytes of the next one, which a decoder would take for another frame.
 */
export function measureZstdFrame(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 6 || view.getUint32(0, true) !== 0xfd2f_b528) return null
  const descriptor = view.getUint8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  const sizeFlag = descriptor >> 6
  const contentSizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag
  let at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes
  for (;;) {
    if (at + 3 > bytes.length) return null
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    const type = (header >> 1) & 3
    if (type === 3) return null
    // A run-length block is one byte in the file, however long it becomes.
    at += 3 + (type === 1 ? 1 : header >> 3)
    if (header & 1) break
  }
  if (descriptor & 4) at += 4
  return at <= bytes.length ? at : null
}
