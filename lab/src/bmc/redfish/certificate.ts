import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** DER, as far as a certificate needs it (X.690): a tag, a length, and what is in it. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  if (content.length < 128) return Buffer.concat([Buffer.from([tag, content.length]), content])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  const digits = length.subarray(length.findIndex((byte) => byte !== 0))
  return Buffer.concat([Buffer.from([tag, 0x80 | digits.length]), digits, content])
}

const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts)
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const utcTime = (text: string): Buffer => der(0x17, Buffer.from(text))
const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'))

/** A name of one part, the common name (RFC 5280, 4.1.2.4). */
function commonName(text: string): Buffer {
  return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(text)))))
}

export interface SelfSignedCertificate {
  /** PEM */
  cert: string
  key: string
}

/** What a BMC makes for itself when nobody gave it a certificate: P-256, ten years, nobody vouches for it (RFC 5280). */
export function createSelfSignedCertificate(name: string, serial: Uint8Array): SelfSignedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = commonName(name)
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    // A positive number: its first bit is clear.
    der(0x02, Buffer.from([0x01]), serial),
    ecdsaWithSha256,
    subject,
    sequence(utcTime('240101000000Z'), utcTime('440101000000Z')),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = sign('sha256', body, privateKey)
  const certificate = sequence(body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature))
  return { cert: pem(certificate), key: exportKey(privateKey) }
}

function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
