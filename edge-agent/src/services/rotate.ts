import { loadEdgeKey } from './edge-key.ts'
import { generateSealingKeys, loadSealingKeys, rotateSealingKeys, storeSealingKeys } from './sealing-keys.ts'

/** Makes a new sealing key for an edge that does not run; it is told at the next `hello`. Null when it has not joined. */
export async function rotateSealingKey(dataDir: string, nowMs: number): Promise<{ previous: number } | null> {
  if (!(await loadEdgeKey(dataDir))) return null
  const held = await loadSealingKeys(dataDir)
  const keys = held ? await rotateSealingKeys(held, nowMs) : await generateSealingKeys(nowMs)
  await storeSealingKeys(dataDir, keys)
  return { previous: keys.length - 1 }
}
