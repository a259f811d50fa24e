import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { WantedImage } from '@dragonfly/schema/wire'
import { type SiblingSource, SiblingsFailedError } from '../siblings/siblings.ts'
import { ImportError } from './import-error.ts'
import { type ImportRequest, importReportSchema } from './import-messages.ts'
import type { ImportedImage, ImportProgress } from './importer.ts'

const moduleUrl = new URL('./import-main.ts', import.meta.url)

interface Source {
  url: string
  authorization(): Promise<string>
}

/**
 * Runs one import in a process of its own. Aborting kills it; what it left is garbage to collect. An image whose address
 * begins with a slash is the control plane's own.
 */
export function importInProcess(
  controlPlane: Source,
  options: {
    dir: string
    image: WantedImage
    siblings?: readonly SiblingSource[]
    signal: AbortSignal
    onProgress: (progress: ImportProgress) => void
  },
): Promise<ImportedImage> {
  const child = fork(fileURLToPath(moduleUrl), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const abort = () => child.kill('SIGKILL')
  options.signal.addEventListener('abort', abort)
  const send = (request: ImportRequest): void => void child.send(request, () => undefined)
  const authorize = async (): Promise<void> =>
    send({ type: 'authorization', authorization: await controlPlane.authorization() })
  return new Promise<ImportedImage>((resolve, reject) => {
    child.on('message', (message) => {
      const report = importReportSchema.parse(message)
      if (report.type === 'progress') options.onProgress(report)
      else if (report.type === 'authorize') void authorize().catch(reject)
      else if (report.type === 'done') resolve(report)
      else if (report.type === 'siblings-failed')
        reject(new SiblingsFailedError(report.edgeIds, report.message))
      else reject(new ImportError(report.reason, report.message))
    })
    child.on('error', reject)
    child.once('exit', (code, signal) =>
      reject(new Error(`The import’s process ended unasked (${signal ?? `exit code ${code}`}).`)),
    )
    const { dir, image, siblings = [] } = options
    send({ type: 'start', dir, image, siblings: [...siblings], controlPlaneUrl: controlPlane.url })
  }).finally(() => {
    options.signal.removeEventListener('abort', abort)
    child.kill('SIGKILL')
  })
}
