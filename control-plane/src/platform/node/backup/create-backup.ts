import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { copyFile, mkdtemp, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import { createClient } from '@libsql/client'
import { version } from '../../../version.ts'
import { databaseFile, requireDatabase, secretsKeyFile } from '../data-folder.ts'
import {
  BackupError,
  type BackupHeader,
  backupFileNames,
  createEncryption,
  encodePreamble,
  newEncryption,
} from './format.ts'

/**
 * Copies a data folder into one file while a server may be at work on it: the database by a connection of its own,
 * as it is at one moment, which holds no writer up. Throws a BackupError.
 */
export async function createBackup(options: {
  dataDir: string
  file: string
  passphrase: string | null
  now: number
}): Promise<BackupHeader & { sizeBytes: number }> {
  const file = resolve(options.file)
  if (existsSync(file)) throw new BackupError(`${options.file} exists already: name another file`)
  const source = requireDatabase(options.dataDir)
  // Beside the file, so that it gets its name in one step; for its owner alone.
  const workDir = await mkdtemp(join(dirname(file), '.dragonfly-backup-'))
  try {
    const facts = await copyDatabase(source, join(workDir, databaseFile))
    await copyFile(join(options.dataDir, secretsKeyFile), join(workDir, secretsKeyFile))
    const header: BackupHeader = {
      version,
      createdAt: options.now,
      ...facts,
      encryption: options.passphrase === null ? null : newEncryption(),
      files: await Promise.all(backupFileNames.map((name) => describeFile(workDir, name))),
    }
    const whole = join(workDir, 'backup')
    await writeBackup(whole, workDir, header, options.passphrase)
    const { size: sizeBytes } = await stat(whole)
    await rename(whole, file)
    return { ...header, sizeBytes }
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

async function copyDatabase(source: string, target: string) {
  const client = createClient({ url: `file:${source}` })
  try {
    await client.execute({ sql: 'vacuum into ?', args: [target] })
  } finally {
    client.close()
  }
  const copy = createClient({ url: `file:${target}` })
  try {
    const { rows: check } = await copy.execute('pragma quick_check')
    if (check[0]?.[0] !== 'ok') {
      throw new BackupError(`the database is damaged, and was not backed up: ${String(check[0]?.[0])}`)
    }
    const { rows: ids } = await copy.execute("select value from settings where key = 'control-plane-id'")
    const { rows: newest } = await copy.execute('select max(created_at) from __drizzle_migrations')
    return { controlPlaneId: ids[0] ? String(ids[0][0]) : null, migration: Number(newest[0]?.[0]) }
  } finally {
    copy.close()
  }
}

async function describeFile(dir: string, name: (typeof backupFileNames)[number]) {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const part of createReadStream(join(dir, name)) as AsyncIterable<Buffer>) {
    hash.update(part)
    sizeBytes += part.byteLength
  }
  return { name, sizeBytes, sha256: hash.digest('hex') }
}

async function writeBackup(
  path: string,
  dir: string,
  header: BackupHeader,
  passphrase: string | null,
): Promise<void> {
  const preamble = encodePreamble(header)
  const file = await open(path, 'wx', 0o600)
  try {
    await file.write(preamble)
    const write = async (parts: AsyncIterable<Buffer>) => {
      for await (const part of parts) await file.writeFile(part)
    }
    const contents = Readable.from(readAll(dir, header))
    if (header.encryption === null || passphrase === null) {
      await pipeline(contents, createZstdCompress(), write)
    } else {
      const cipher = await createEncryption(header.encryption, passphrase, preamble)
      await pipeline(contents, createZstdCompress(), cipher, write)
      await file.writeFile(cipher.getAuthTag())
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

async function* readAll(dir: string, { files }: BackupHeader): AsyncGenerator<Buffer> {
  for (const { name } of files) yield* createReadStream(join(dir, name)) as AsyncIterable<Buffer>
}
