import { waitUntil } from '../../src/api.ts'
import { tryCommand } from '../../src/command.ts'
import type { Lab } from '../../src/lab.ts'
import { edgeDataDir } from '../../src/product.ts'

/** The process ids of an edge. */
export interface EdgeProcesses {
  supervisor: number
  responder: number
  images: number
}

/** The processes of a lab's edge that run now. */
export async function findEdgeProcesses(lab: Lab): Promise<Partial<EdgeProcesses>> {
  const find = async (words: string): Promise<number | undefined> => {
    const { stdout } = await tryCommand(['pgrep', '-f', '--', words])
    const [first] = stdout.split('\n').filter(Boolean)
    return first ? Number(first) : undefined
  }
  const data = edgeDataDir(lab)
  const responder = await find(`boot/main.ts --state ${data}/`)
  const images = await find(`images/main.ts ${data} `)
  const supervisor = await readParent(images ?? responder)
  return {
    ...(responder ? { responder } : {}),
    ...(images ? { images } : {}),
    ...(supervisor ? { supervisor } : {}),
  }
}

async function readParent(pid: number | undefined): Promise<number | undefined> {
  if (pid === undefined) return undefined
  const { stdout } = await tryCommand(['ps', '-o', 'ppid=', '-p', String(pid)])
  const parent = Number(stdout.trim())
  return parent > 1 ? parent : undefined
}

/** Waits until all three run, and none of them is one of `without`. */
export function untilAllRun(
  lab: Lab,
  without: Partial<EdgeProcesses>,
  timeoutMs: number,
): Promise<EdgeProcesses> {
  return waitUntil(
    'all three processes',
    async () => {
      const { supervisor, responder, images } = await findEdgeProcesses(lab)
      if (!supervisor || !responder || !images) return undefined
      const isOld = Object.values(without).some((pid) => [supervisor, responder, images].includes(pid))
      return isOld ? undefined : { supervisor, responder, images }
    },
    timeoutMs,
  )
}
