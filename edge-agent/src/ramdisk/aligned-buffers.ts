/** The one thing of WebAssembly that is used here; its types come with the DOM's only. */
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum: number; shared: true }) => { buffer: SharedArrayBuffer }
}

/** Alignment that O_DIRECT wants of memory, offset and length: no disk has larger logical blocks. */
export const directAlignment = 4096

/**
 * Buffers that start on a page, all zero, and that other threads may be given. Node's own are not aligned; the memory
 * of WebAssembly is (64 KiB pages, mapped by the engine).
 */
export function createAlignedBuffers(count: number, bytes: number): Uint8Array<SharedArrayBuffer>[] {
  const stride = Math.ceil(bytes / directAlignment) * directAlignment
  const pages = Math.ceil((count * stride) / 65_536)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  return Array.from({ length: count }, (_, index) => new Uint8Array(memory.buffer, index * stride, bytes))
}
