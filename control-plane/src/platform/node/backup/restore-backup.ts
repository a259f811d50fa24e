import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { createClient } from '@libsql/client'
import { loadSigner } from '../../../features/orders/signer.ts'
import { markRestored } from '../../../features/setup/mark-restored.ts'
import { claimDataFolder, databaseFile } from '../data-folder.ts'
import { openDatabase, ownNewestMigration } from '../database.ts'
import { openSecrets } from '../secrets.ts'
import {
  BackupError,
  type BackupHeader,
  createDecryption,
  decodePreamble,
  longestHeaderBytes,
  tagBytes,
} from './format.ts'
import { commitRestore } from './swap.ts'

/**
 * Puts a backup in the place of a data folder's database and key; the old ones are kept in `keptIn`. All is checked
 * before anything is touched, and then all of it happens, or nothing. Throws a BackupError, or a DataFolderError
 * when a server runs there.
 */
export async function restoreBackup(options: {
  dataDir: string
  file: string
  passphrase: string | null
  now: number
}): Promise<{ header: BackupHeader; keptIn: string }> {
  const { dataDir, file, now } = options
  const { header, bodyAt, sizeBytes } = await readPreamble(file)
  if (header.migration > ownNewestMigration()) {
    throw new BackupError(
      `the backup was made by a newer Dragonfly (${header.version}): restore it with that version or a newer one`,
    )
  }
  if (header.encryption !== null && options.passphrase === null)
    throw new BackupError('the backup is encrypted: name the file of its passphrase with --passphrase-file')
  const release = await claimDataFolder(dataDir, 0)
  const stagedDir = await mkdtemp(join(dataDir, '.restore-'))
  try {
    await unpack(stagedDir, { ...options, header, bodyAt, sizeBytes })
    await prepare(stagedDir, header, now)
    const keptIn = `before-restore-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`
    await commitRestore(dataDir, stagedDir, keptIn)
    return { header, keptIn: join(dataDir, keptIn) }
  } finally {
    await rm(stagedDir, { recursive: true, force: true })
    release()
  }
}

async function readPreamble(path: string) {
  const file = await open(path, 'r').catch((error: Error) => {
    throw new BackupError(`the backup can’t be read: ${error.message}`)
  })
  try {
    const start = Buffer.alloc(longestHeaderBytes)
    const { bytesRead } = await file.read(start, 0, start.byteLength, 0)
    const { size: sizeBytes } = await file.stat()
    return { ...decodePreamble(start.subarray(0, bytesRead)), sizeBytes }
  } finally {
    await file.close()
  }
}

interface Packed {
  file: string
  header: BackupHeader
  bodyAt: number
  sizeBytes: number
  passphrase: string | null
}

async function unpack(dir: string, packed: Packed): Promise<void> {
  const { file, header, bodyAt, sizeBytes, passphrase } = packed
  const write = (parts: AsyncIterable<Buffer>) => writeFiles(dir, header, parts)
  const bodyEnd = header.encryption === null ? sizeBytes : sizeBytes - tagBytes
  if (bodyEnd <= bodyAt) throw new BackupError('the backup is cut off')
  const body = createReadStream(file, { start: bodyAt, end: bodyEnd - 1 })
  try {
    if (header.encryption === null || passphrase === null) {
      await pipeline(body, createZstdDecompress(), write)
    } else {
      const ends = {
        preamble: await readPart(file, 0, bodyAt),
        tag: await readPart(file, bodyEnd, sizeBytes),
      }
      const decipher = await createDecryption(header.encryption, passphrase, ends)
      await pipeline(body, decipher, createZstdDecompress(), write)
    }
  } catch (error) {
    if (error instanceof BackupError || (error as NodeJS.ErrnoException).code === 'ENOSPC') throw error
    throw new BackupError(
      header.encryption === null
        ? 'the backup is damaged, or cut off'
        : 'the passphrase is not the one of this backup, or the backup is damaged',
    )
  }
}

async function readPart(path: string, from: number, to: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { buffer } = await file.read(Buffer.alloc(to - from), 0, to - from, from)
    return buffer
  } finally {
    await file.close()
  }
}

/** Writes each file as long as the header says, and not one byte more. */
async function writeFiles(dir: string, header: BackupHeader, parts: AsyncIterable<Buffer>): Promise<void> {
  let rest: Buffer = Buffer.alloc(0)
  const iterator = parts[Symbol.asyncIterator]()
  for (const { name, sizeBytes, sha256 } of header.files) {
    const file = await open(join(dir, name), 'wx', 0o600)
    try {
      const hash = createHash('sha256')
      for (let missing = sizeBytes; missing > 0; ) {
        if (rest.byteLength === 0) {
          const next = await iterator.next()
          if (next.done) throw new BackupError('the backup is cut off')
          rest = next.value
        }
        const part = rest.subarray(0, missing)
        rest = rest.subarray(part.byteLength)
        missing -= part.byteLength
        hash.update(part)
        await file.writeFile(part)
      }
      if (hash.digest('hex') !== sha256)
        throw new BackupError(`the backup is damaged: ${name} does not have its checksum`)
      await file.sync()
    } finally {
      await file.close()
    }
  }
  // To the end: an encrypted body proves itself there.
  const surplus = await iterator.next()
  if (!surplus.done || rest.byteLength > 0) throw new BackupError('the backup is damaged: it is too long')
}

/** Proves that a server can start on it, and makes it one that edges take for newer than what they hold. */
async function prepare(dir: string, header: BackupHeader, now: number): Promise<void> {
  const raw = createClient({ url: `file:${join(dir, databaseFile)}` })
  try {
    const { rows } = await raw.execute('pragma integrity_check')
    if (rows[0]?.[0] !== 'ok') throw new BackupError(`the database in it is damaged: ${String(rows[0]?.[0])}`)
  } finally {
    raw.close()
  }
  const { db, close } = await openDatabase(dir, 'delete')
  try {
    await loadSigner(db, await openSecrets(dir)).catch(() => {
      throw new BackupError('the key in it does not open the database in it')
    })
    await markRestored(db, { now, details: { backupOf: header.createdAt, version: header.version } })
  } finally {
    close()
  }
  for (const name of ['migration.lock', 'migration.lock-journal']) await rm(join(dir, name), { force: true })
  // So that what is on disk is what was checked, before the old files move.
  const file = await open(join(dir, databaseFile), 'r+')
  await file.sync()
  await file.close()
}
