import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { askEdge } from '../status.ts'

const preparingMs = 5 * 60_000
const watchingMs = 90_000
const answerSchema = z.union([z.object({ version: z.string() }), z.object({ refused: z.string() })])
const statusSchema = z.object({
  version: z.string(),
  update: z.object({
    onTrial: z.boolean(),
    last: z.object({ outcome: z.string(), version: z.string(), message: z.string().nullable() }).nullable(),
  }),
})

/** `dragonfly-edge update`: asks the running edge, and watches how it goes. Gives the exit code. */
export async function updateEdge(
  { dataDir, to, from }: { dataDir: string; to: string | null; from: string | null },
  say: (text: string) => void,
  complain: (text: string) => void,
): Promise<number> {
  const query = new URLSearchParams()
  if (from !== null) query.set('file', resolve(from))
  if (to !== null) query.set('version', to)
  const answer = answerSchema.safeParse(await askEdge(dataDir, `/update?${query}`, preparingMs)).data
  if (!answer) {
    complain(
      'dragonfly-edge: no edge that could be updated runs here. Start it; or install the new version by npm.',
    )
    return 1
  }
  if ('refused' in answer) {
    complain(`dragonfly-edge: ${answer.refused}`)
    return 1
  }
  say(`Version ${answer.version} takes over …`)
  const end = performance.now() + watchingMs
  while (performance.now() < end) {
    await sleep(500)
    const status = statusSchema.safeParse(await askEdge(dataDir, '/status', 3000)).data
    const last = status?.update.last
    if (!status || status.update.onTrial || last?.version !== answer.version) continue
    if (last.outcome === 'done') {
      say(`Version ${answer.version} runs.`)
      return 0
    }
    complain(
      `dragonfly-edge: version ${answer.version} was undone, ${status.version} runs again: ${last.message}`,
    )
    return 1
  }
  complain(
    'dragonfly-edge: it can’t be told what became of it: look at dragonfly-edge status, and at its log.',
  )
  return 1
}
