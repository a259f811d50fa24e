import { wantedImageSchema } from '@dragonfly/schema/wire'
import { z } from 'zod'
import { ImportError } from './import-error.ts'
import type { ImportReport } from './import-messages.ts'
import { importImage } from './importer.ts'

/** A process of its own for one import, so that hashing never holds up the supervisor. */
const startSchema = z.object({ dir: z.string(), image: wantedImageSchema })
const progressEveryMs = 250

const report = (message: ImportReport): Promise<void> =>
  new Promise((resolve) => process.send?.(message, () => resolve()))

process.once('message', (message) => {
  void work(startSchema.parse(message)).finally(() => process.disconnect())
})
process.once('disconnect', () => process.exit())
// Ctrl-C reaches every process of a terminal: the supervisor ends this one, and an import is not its failure.
process.on('SIGINT', () => undefined)

async function work({ dir, image }: z.infer<typeof startSchema>): Promise<void> {
  let toldAt = 0
  try {
    const imported = await importImage({
      dir,
      image,
      signal: new AbortController().signal,
      allowLocalSources: process.env.DRAGONFLY_EDGE_LOCAL_IMAGES === 'allow',
      onProgress: (progress) => {
        if (performance.now() - toldAt < progressEveryMs) return
        toldAt = performance.now()
        void report({ type: 'progress', ...progress })
      },
    })
    await report({ type: 'done', ...imported })
  } catch (error) {
    const reason = error instanceof ImportError ? error.reason : 'cache-full'
    await report({ type: 'failed', reason, message: (error as Error).message })
  }
}
