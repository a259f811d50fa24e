export interface SshPublicKey {
  /** Type and base64 blob. */
  publicKey: string
  comment: string
}

const keyLine =
  /^((?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-[a-z0-9@.-]+) [A-Za-z0-9+/]+={0,3})(?: +(.*))?$/
const longestLine = 16 * 1024

/** Public keys as OpenSSH writes them, one a line; `#` starts a comment. A string is a sentence about what is wrong. */
export function parseSshKeys(text: string): SshPublicKey[] | string {
  if (text.includes('PRIVATE KEY'))
    return 'That is a private key: take it out again. The public one ends in .pub.'
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#'))
  const keys: SshPublicKey[] = []
  for (const [index, line] of lines.entries()) {
    const found = line.length <= longestLine ? keyLine.exec(line) : null
    if (!found?.[1] || !holdsItsType(found[1]))
      return `Key ${index + 1} is not an SSH public key: it is one line, like “ssh-ed25519 AAAA… name”.`
    keys.push({
      publicKey: found[1],
      comment: (found[2] ?? '').replaceAll(/[^\x20-\x7e]/g, '').slice(0, 200),
    })
  }
  return keys
}

/** The blob begins with the length and name of its type (RFC 4253 §6.6): what was cut off or mixed up does not. */
function holdsItsType(publicKey: string): boolean {
  const [type = '', blob = ''] = publicKey.split(' ')
  const start = decodeStart(blob, type.length + 4)
  return (
    start.length === type.length + 4 && start[3] === type.length && codesOf(type) === String(start.slice(4))
  )
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The first bytes of a base64 text. */
function decodeStart(text: string, count: number): number[] {
  const bytes: number[] = []
  for (let at = 0; bytes.length < count && at + 4 <= text.length; at += 4) {
    const bits = [...text.slice(at, at + 4)].reduce(
      (sum, letter) => sum * 64 + Math.max(0, alphabet.indexOf(letter)),
      0,
    )
    bytes.push((bits >> 16) & 255, (bits >> 8) & 255, bits & 255)
  }
  return bytes.slice(0, count)
}

function codesOf(text: string): string {
  return String([...text].map((letter) => letter.charCodeAt(0)))
}
