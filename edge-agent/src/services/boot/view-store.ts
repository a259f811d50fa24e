import { readFile } from 'node:fs/promises'
import { writeFileAtomically } from '../../io/atomic-file.ts'
import { type BootView, bootViewSchema } from '../../protocol/boot-view.ts'

/** The last view on disk, with which a responder that starts alone boots machines as before. */
export interface ViewStore {
  load: () => Promise<BootView | undefined>
  /** Writes in turn; of views that wait, only the newest. */
  save: (view: BootView) => Promise<void>
}

export function createViewStore(path: string): ViewStore {
  let newest: BootView | undefined
  let work = Promise.resolve()
  return {
    load: async () => {
      const text = await readFile(path, 'utf8').catch(() => undefined)
      return text === undefined ? undefined : parseView(text)
    },
    save: (view) => {
      newest = view
      work = work
        .catch(() => undefined)
        .then(async () => {
          if (newest !== view) return
          await writeFileAtomically(path, JSON.stringify(view))
        })
      return work
    },
  }
}

/** A file that is broken, or from another version, is as good as none: the supervisor sends a new view. */
function parseView(text: string): BootView | undefined {
  try {
    const parsed = bootViewSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
