import { openProcessLog } from '../../io/process-log.ts'
import { SiblingsFailedError } from '../siblings/siblings.ts'
import { ImportError } from './import-error.ts'
import { type ImportReport, type ImportRequest, importRequestSchema } from './import-messages.ts'
import { importImage } from './importer.ts'

/** A process of its own for one import, so that hashing never holds up the supervisor. */
openProcessLog('import')
const progressEveryMs = 250

const report = (message: ImportReport): Promise<void> =>
  new Promise((resolve) => process.send?.(message, () => resolve()))

let authorized: ((authorization: string) => void) | null = null
process.on('message', (message) => {
  const request = importRequestSchema.parse(message)
  if (request.type === 'authorization') authorized?.(request.authorization)
  else void work(request).finally(() => process.disconnect())
})
process.once('disconnect', () => process.exit())
// Ctrl-C reaches every process of a terminal: the supervisor ends this one, and an import is not its failure.
process.on('SIGINT', () => undefined)

const authorize = (): Promise<string> =>
  new Promise((resolve) => {
    authorized = resolve
    void report({ type: 'authorize' })
  })

async function work({
  dir,
  image,
  controlPlaneUrl,
  siblings,
}: Extract<ImportRequest, { type: 'start' }>): Promise<void> {
  let toldAt = 0
  const isUploaded = image.url.startsWith('/')
  const allowsLocal = process.env.DRAGONFLY_EDGE_LOCAL_IMAGES === 'allow'
  try {
    const imported = await importImage({
      dir,
      image: isUploaded ? { ...image, url: controlPlaneUrl + image.url } : image,
      siblings,
      signal: new AbortController().signal,
      // The control plane may be anywhere, this host included: the edge was enrolled there by a person.
      allowLocalSources: allowsLocal || isUploaded,
      ...(isUploaded ? { authorization: authorize } : {}),
      onProgress: (progress) => {
        if (performance.now() - toldAt < progressEveryMs) return
        toldAt = performance.now()
        void report({ type: 'progress', ...progress })
      },
    })
    await report({ type: 'done', ...imported })
  } catch (error) {
    if (error instanceof SiblingsFailedError)
      return report({ type: 'siblings-failed', edgeIds: [...error.edgeIds], message: shorten(error) })
    const reason = error instanceof ImportError ? error.reason : 'cache-full'
    await report({ type: 'failed', reason, message: shorten(error) })
  }
}

function shorten(error: unknown): string {
  return (error as Error).message.slice(0, 2000)
}
