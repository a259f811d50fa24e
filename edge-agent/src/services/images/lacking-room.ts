import type { Database } from '../../io/database.ts'
import { hasMoreRoom } from '../../protocol/image-cache.ts'
import { loadValue, storeValue } from '../store/identity.ts'

/** Images that failed for want of room, each with the room that there was; on disk, so that a restart forgets none. */
export interface LackingRoom {
  note(imageId: string, roomBytes: number): Promise<void>
  forget(imageId: string): Promise<void>
  size(): number
  /** Those that are worth another try. */
  fitting(roomBytes: number): string[]
}

const key = 'imagesLackingRoom'

export async function openLackingRoom(database: Database): Promise<LackingRoom> {
  const kept = await loadValue(database, key)
  const lacking = new Map<string, number>(kept ? (JSON.parse(kept) as [string, number][]) : [])
  const store = (): Promise<void> => storeValue(database, key, JSON.stringify([...lacking]))
  return {
    note: async (imageId, roomBytes) => {
      lacking.set(imageId, roomBytes)
      await store()
    },
    forget: async (imageId) => {
      if (lacking.delete(imageId)) await store()
    },
    size: () => lacking.size,
    fitting: (roomBytes) =>
      [...lacking].filter(([, before]) => hasMoreRoom(roomBytes, before)).map(([imageId]) => imageId),
  }
}
