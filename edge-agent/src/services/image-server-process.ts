import { type SupervisedChild, superviseChild } from '../io/child-process.ts'
import { imageServerMessageSchema } from './images/server-messages.ts'
import type { Problems } from './problems.ts'

/** The image server's process: it runs while an interface is served. */
export interface ImageServerProcess {
  setServing(isServing: boolean): Promise<void>
  /** Null while it does not listen. */
  port(): number | null
  counters(): Record<string, number>
}

const moduleUrl = new URL('./images/main.ts', import.meta.url)

export function createImageServerProcess(options: {
  /** Holds `images/` and `bundles/`. */
  dataDir: string
  port: number
  problems: Problems
  random: () => number
}): ImageServerProcess {
  const { problems } = options
  let child: SupervisedChild | null = null
  let port: number | null = null
  let counters: Record<string, number> = {}

  const start = (): SupervisedChild =>
    superviseChild({
      module: moduleUrl,
      args: [options.dataDir, String(options.port)],
      onStart: () => undefined,
      onMessage: (message) => {
        const said = imageServerMessageSchema.safeParse(message)
        if (!said.success) return
        if (said.data.type === 'problem')
          return void problems.raise(said.data.problem, 'image-server', said.data.message)
        if (said.data.type === 'stats') {
          counters = said.data.counters
          return
        }
        port = said.data.port
        void problems.clear('image-server')
      },
      onDied: (how) => {
        port = null
        void problems.raise(
          'image-server-died',
          'image-server',
          `The image server ended (${how}) and is being started again. If this stays, read the edge’s log.`,
        )
      },
      random: options.random,
    })
  return {
    setServing: async (isServing) => {
      if (isServing) child ??= start()
      else {
        const ending = child
        child = null
        port = null
        await ending?.stop()
      }
    },
    port: () => port,
    counters: () => counters,
  }
}
