import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import type { Transform } from 'node:stream'
import { z } from 'zod'

/**
 * A backup is two lines of text, the name of the format and its header as JSON, and then the files one after the
 * other as one zstd stream, which may be encrypted: AES-256-GCM under a key that scrypt (RFC 7914) makes of a
 * passphrase, the two lines authenticated with it, the tag at the end.
 */
const formatLine = 'DRAGONFLY-BACKUP 1'
export const longestHeaderBytes = 64 * 1024
export const tagBytes = 16

export const backupFileNames = ['dragonfly.db', 'secrets.key'] as const

const encryptionSchema = z.object({
  cipher: z.literal('aes-256-gcm'),
  kdf: z.literal('scrypt'),
  cost: z
    .number()
    .int()
    .min(2)
    .max(1 << 20),
  blockSize: z.number().int().min(1).max(32),
  salt: z.base64(),
  iv: z.base64(),
})
export type BackupEncryption = z.output<typeof encryptionSchema>

const backupHeaderSchema = z.object({
  /** Of the program that made it. */
  version: z.string().max(64),
  createdAt: z.number().int(),
  controlPlaneId: z.string().max(64).nullable(),
  /** `when` of the newest migration inside. */
  migration: z.number().int(),
  encryption: encryptionSchema.nullable(),
  files: z
    .array(
      z.object({
        name: z.enum(backupFileNames),
        sizeBytes: z.number().int().nonnegative(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .length(backupFileNames.length),
})
export type BackupHeader = z.output<typeof backupHeaderSchema>

/** What is wrong with a backup or a passphrase, in a sentence. */
export class BackupError extends Error {}

export function encodePreamble(header: BackupHeader): Buffer {
  return Buffer.from(`${formatLine}\n${JSON.stringify(header)}\n`)
}

/** Takes the beginning of a file; `bodyAt` is where its files begin. Throws a BackupError. */
export function decodePreamble(start: Buffer): { header: BackupHeader; bodyAt: number } {
  const lineEnd = start.indexOf(0x0a)
  const format = lineEnd < 0 ? '' : start.subarray(0, lineEnd).toString('latin1')
  if (!format.startsWith('DRAGONFLY-BACKUP ')) throw new BackupError('this is not a backup of Dragonfly')
  if (format !== formatLine)
    throw new BackupError('this backup was made by a newer Dragonfly: restore it with that version')
  const headerEnd = start.indexOf(0x0a, lineEnd + 1)
  try {
    const header = backupHeaderSchema.parse(JSON.parse(start.subarray(lineEnd + 1, headerEnd).toString()))
    return { header, bodyAt: headerEnd + 1 }
  } catch {
    throw new BackupError('the backup is damaged: its header can’t be read')
  }
}

export function newEncryption(): BackupEncryption {
  return {
    cipher: 'aes-256-gcm',
    kdf: 'scrypt',
    cost: 1 << 17,
    blockSize: 8,
    salt: randomBytes(16).toString('base64'),
    iv: randomBytes(12).toString('base64'),
  }
}

export async function createEncryption(encryption: BackupEncryption, passphrase: string, preamble: Buffer) {
  const iv = Buffer.from(encryption.iv, 'base64')
  const cipher = createCipheriv('aes-256-gcm', await deriveKey(encryption, passphrase), iv)
  cipher.setAAD(preamble)
  return cipher
}

/** Fails at its end unless every byte is as it was written, under the same passphrase. */
export async function createDecryption(
  encryption: BackupEncryption,
  passphrase: string,
  { preamble, tag }: { preamble: Buffer; tag: Buffer },
): Promise<Transform> {
  const iv = Buffer.from(encryption.iv, 'base64')
  const key = await deriveKey(encryption, passphrase)
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
  decipher.setAAD(preamble)
  decipher.setAuthTag(tag)
  return decipher
}

function deriveKey({ cost, blockSize, salt }: BackupEncryption, passphrase: string): Promise<Buffer> {
  const settings = { cost, blockSize, parallelization: 1, maxmem: 256 * cost * blockSize }
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFC'), Buffer.from(salt, 'base64'), 32, settings, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}
