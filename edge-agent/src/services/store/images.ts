import type { Database } from '../../io/database.ts'

/** What this edge has of a wanted image. */
export interface ImageRecord {
  imageId: string
  attempt: number
  /** `evicted`: it was here, and made room for others. */
  status: 'ready' | 'failed' | 'evicted'
  manifestDigest: string | null
  sizeBytes: number
  storedBytes: number
  /** When a deployment wanted it last, or it was imported. */
  usedAt: number
}

export async function loadImages(database: Database): Promise<ImageRecord[]> {
  const rows = await database.rows('SELECT * FROM images')
  return rows.map((row) => ({
    imageId: String(row.image_id),
    attempt: Number(row.attempt),
    status: row.status === 'ready' || row.status === 'evicted' ? row.status : 'failed',
    manifestDigest: row.manifest_digest === null ? null : String(row.manifest_digest),
    sizeBytes: Number(row.size_bytes),
    storedBytes: Number(row.stored_bytes),
    usedAt: Number(row.updated_at),
  }))
}

export async function storeImage(database: Database, image: ImageRecord): Promise<void> {
  await database.run(
    'INSERT OR REPLACE INTO images VALUES (?, ?, ?, ?, ?, ?, ?)',
    image.imageId,
    image.attempt,
    image.status,
    image.manifestDigest,
    image.sizeBytes,
    image.storedBytes,
    image.usedAt,
  )
}

export async function forgetImage(database: Database, imageId: string): Promise<void> {
  await database.run('DELETE FROM images WHERE image_id = ?', imageId)
}
