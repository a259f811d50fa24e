import { createHash, createPrivateKey, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'

/** What a dishonest authenticator, or a dishonest page, would do otherwise. */
interface Tricks {
  origin?: string
  challenge?: string
  /** False: somebody touched it, but showed neither finger nor PIN. */
  userVerified?: boolean
}

const flags = { present: 0x01, verified: 0x04, credential: 0x40 }

/** A passkey in software (WebAuthn level 3, section 6), as honest as it is told to be. */
export function createAuthenticator(origin = 'http://localhost:3000') {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const credentialId = randomBytes(16)
  const id = credentialId.toString('base64url')
  let counter = 0

  const clientData = (type: string, challenge: string, tricks: Tricks) =>
    Buffer.from(
      JSON.stringify({ type, challenge: tricks.challenge ?? challenge, origin: tricks.origin ?? origin }),
    )
  const authenticatorData = (rpId: string, extra: number, tricks: Tricks) => {
    const head = Buffer.alloc(5)
    head[0] = flags.present | (tricks.userVerified === false ? 0 : flags.verified) | extra
    head.writeUInt32BE(++counter, 1)
    return Buffer.concat([createHash('sha256').update(rpId).digest(), head])
  }
  const wrap = (response: Record<string, unknown>) => ({
    id,
    rawId: id,
    type: 'public-key',
    response,
    clientExtensionResults: {},
  })
  return {
    create(options: { challenge: string; rp: { id: string } }, tricks: Tricks = {}) {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(credentialId.byteLength)
      const key = cborMap([
        [Buffer.from([0x01]), Buffer.from([0x02])],
        [Buffer.from([0x03]), Buffer.from([0x26])],
        [Buffer.from([0x20]), Buffer.from([0x01])],
        [Buffer.from([0x21]), cborBytes(Buffer.from(x, 'base64url'))],
        [Buffer.from([0x22]), cborBytes(Buffer.from(y, 'base64url'))],
      ])
      const data = Buffer.concat([
        authenticatorData(options.rp.id, flags.credential, tricks),
        Buffer.alloc(16),
        length,
        credentialId,
        key,
      ])
      const attestation = cborMap([
        [cborText('fmt'), cborText('none')],
        [cborText('attStmt'), cborMap([])],
        [cborText('authData'), cborBytes(data)],
      ])
      return wrap({
        clientDataJSON: clientData('webauthn.create', options.challenge, tricks).toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal'],
      })
    },
    get(options: { challenge: string; rpId: string }, tricks: Tricks & { forged?: boolean } = {}) {
      const client = clientData('webauthn.get', options.challenge, tricks)
      const data = authenticatorData(options.rpId, 0, tricks)
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
      const key = tricks.forged
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
        : createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))
      return wrap({
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: createSign('sha256').update(signed).sign(key).toString('base64url'),
      })
    },
  }
}

function cborHead(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length])
  if (length < 256) return Buffer.from([(major << 5) | 24, length])
  return Buffer.from([(major << 5) | 25, length >> 8, length & 255])
}
const cborBytes = (bytes: Buffer) => Buffer.concat([cborHead(2, bytes.byteLength), bytes])
const cborText = (text: string) => Buffer.concat([cborHead(3, text.length), Buffer.from(text)])
const cborMap = (entries: [Buffer, Buffer][]) =>
  Buffer.concat([cborHead(5, entries.length), ...entries.flat()])
