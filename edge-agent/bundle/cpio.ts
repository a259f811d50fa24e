/**
 * The initramfs archive: cpio "newc" (kernel Documentation/driver-api/early-userspace/buffer-format.rst).
 * Times, owners and inode numbers are fixed, so that the same input gives the same bytes.
 */
export type CpioEntry =
  | { kind: 'file'; path: string; mode: number; data: Uint8Array }
  | { kind: 'directory'; path: string; mode: number }
  | { kind: 'symlink'; path: string; target: string }
  | { kind: 'character-device'; path: string; mode: number; major: number; minor: number }

const TYPE_BITS = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  'character-device': 0o020000,
} as const
const MODIFIED_AT_SECONDS = 1_700_000_000

/** Zero bytes that bring `length` to a multiple of four. */
export function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4)
}

/** Encodes the entries, in this order, with the trailer; the result's length is a multiple of four. */
export function encodeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = []
  entries.forEach((entry, index) => {
    const data = dataOf(entry)
    const device = entry.kind === 'character-device' ? entry : { major: 0, minor: 0 }
    const mode = TYPE_BITS[entry.kind] | (entry.kind === 'symlink' ? 0o777 : entry.mode)
    parts.push(
      ...member(entry.path, data, [index + 1, mode, 1, MODIFIED_AT_SECONDS, device.major, device.minor]),
    )
  })
  parts.push(...member('TRAILER!!!', new Uint8Array(0), [0, 0, 1, 0, 0, 0]))
  return concatenate(parts)
}

function dataOf(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'file') return entry.data
  if (entry.kind === 'symlink') return new TextEncoder().encode(entry.target)
  return new Uint8Array(0)
}

type Numbers = [inode: number, mode: number, links: number, mtime: number, rmajor: number, rminor: number]

function member(
  path: string,
  data: Uint8Array,
  [inode, mode, links, mtime, rmajor, rminor]: Numbers,
): Uint8Array[] {
  const name = new TextEncoder().encode(`${path}\0`)
  const numbers = [inode, mode, 0, 0, links, mtime, data.length, 0, 0, rmajor, rminor, name.length, 0]
  const header = `070701${numbers.map((value) => value.toString(16).padStart(8, '0')).join('')}`
  const head = new TextEncoder().encode(header)
  return [head, name, padding(head.length + name.length), data, padding(data.length)]
}

/** Joins byte pieces. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Every directory above the entries, parents first, as the kernel does not create them by itself. */
export function directoriesFor(paths: readonly string[]): CpioEntry[] {
  const found = new Set<string>()
  for (const path of paths) {
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth += 1) found.add(parts.slice(0, depth).join('/'))
  }
  return [...found].sort().map((path) => ({ kind: 'directory', path, mode: 0o755 }))
}
