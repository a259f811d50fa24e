import { ImportError } from './import-error.ts'
import { explainNotAnImage } from './not-an-image.ts'

export type Compression = 'gzip' | 'xz' | 'zstd'
export type SourceFormat = 'raw' | 'qcow2' | Compression

const magics: { format: SourceFormat; hex: string }[] = [
  { format: 'gzip', hex: '1f8b' },
  { format: 'xz', hex: 'fd377a585a00' },
  { format: 'zstd', hex: '28b52ffd' },
  { format: 'qcow2', hex: '514649fb' },
]
/** Bytes of a file by which it is recognised. */
export const recognitionBytes = 64 * 1024

/** What a file is by its content, whatever it is called. @throws ImportError `not-an-image` */
export function recogniseFormat(start: Uint8Array): SourceFormat {
  const hex = Buffer.from(start.subarray(0, 8)).toString('hex')
  const found = magics.find((magic) => hex.startsWith(magic.hex))
  if (found) return found.format
  const message = explainNotAnImage(start)
  if (message) throw new ImportError('not-an-image', message)
  return 'raw'
}
