/** What a file that is no disk image begins with, and what to do with it. */
const signatures: { at: number; bytes: string; what: string; remedy: string }[] = [
  { at: 0, bytes: '425a68', what: 'bzip2-compressed', remedy: 'Unpack it first (bunzip2).' },
  { at: 0, bytes: '504b0304', what: 'a zip archive', remedy: 'Unpack it first (unzip).' },
  {
    at: 0,
    bytes: '4b444d56',
    what: 'a VMDK image',
    remedy: 'Convert it first: qemu-img convert -O qcow2 IN OUT.',
  },
  {
    at: 0,
    bytes: '7668647866696c65',
    what: 'a VHDX image',
    remedy: 'Convert it first: qemu-img convert -O qcow2 IN OUT.',
  },
  {
    at: 0x8001,
    bytes: '4344303031',
    what: 'an ISO (an installer)',
    remedy: 'Use the publisher’s cloud image.',
  },
]

/** A sentence when the first bytes of a file are not those of a disk image; null when they may be. */
export function explainNotAnImage(start: Uint8Array): string | null {
  const found = signatures.find(({ at, bytes }) => {
    const wanted = bytes.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? []
    return wanted.every((byte, index) => start[at + index] === byte)
  })
  if (found) return `The file is ${found.what}, not a disk image. ${found.remedy}`
  const text = new TextDecoder('latin1').decode(start.subarray(0, 64)).trimStart().toLowerCase()
  if (text.startsWith('<!doctype html') || text.startsWith('<html'))
    return 'The address leads to a web page, not to a disk image. Copy the link of the download itself.'
  if (start.length < 512) return 'The file is smaller than one disk sector: it is not a disk image.'
  return null
}
