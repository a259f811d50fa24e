import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** One element of DER (X.690, 8.1): a tag, a length, and what is in it. */
function element(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const size = content.length
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

const sequence = (...parts: Uint8Array[]) => element(0x30, ...parts)
const objectId = (hex: string) => element(0x06, Buffer.from(hex, 'hex'))

/** A certificate as a BMC makes it for itself: nobody vouches for it, and it expired in 2001 (RFC 5280). */
export function createSelfSigned(): { cert: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(objectId('2a8648ce3d040302'))
  const name = sequence(element(0x31, sequence(objectId('550403'), element(0x0c, Buffer.from('BMC')))))
  const time = (text: string) => element(0x17, Buffer.from(text))
  const body = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.from([1]), randomBytes(8)),
    algorithm,
    name,
    sequence(time('000101000000Z'), time('010101000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = element(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  const text = sequence(body, algorithm, signature).toString('base64')
  const cert = `-----BEGIN CERTIFICATE-----\n${text.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}
