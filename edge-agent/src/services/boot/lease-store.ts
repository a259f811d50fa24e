import { type FileHandle, open, readFile } from 'node:fs/promises'
import { macSchema } from '@dragonfly/schema/wire'
import { z } from 'zod'
import { writeFileAtomically } from '../../io/atomic-file.ts'
import type { Lease, LeaseTable } from '../../protocol/leases.ts'

/** The leases on disk: a file of JSON lines, of which the last one about an address holds. */
export interface LeaseStore {
  /** Reads what is there; a broken line (a power cut) is skipped. */
  load: () => Promise<Lease[]>
  /** Resolves when the lease is on the disk itself; those that come while one is written share the next write. */
  keep: (lease: Lease) => Promise<void>
  close: () => Promise<void>
}

const leaseSchema = z.object({
  address: z.ipv4(),
  mac: macSchema,
  interface: z.string().max(64),
  hostname: z.string().max(255),
  state: z.enum(['offered', 'bound', 'ended', 'conflict']),
  startedAtMs: z.number().int().nonnegative(),
  untilMs: z.number().int().nonnegative(),
})

const spareLines = 1000

export function createLeaseStore(path: string, table: LeaseTable): LeaseStore {
  let file: FileHandle | undefined
  let lines = 0
  let waiting: Lease[] = []
  let flushing: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  /** All that the table holds in a new file: shorter, and without what a crash left. */
  async function compact(): Promise<void> {
    const kept = [...table.all()].filter(({ state }) => state !== 'offered')
    await file?.close()
    file = undefined
    await writeFileAtomically(path, kept.map(renderLine).join(''))
    file = await open(path, 'a', 0o600)
    lines = kept.length
  }

  async function flush(): Promise<void> {
    next = undefined
    const leases = waiting
    waiting = []
    // What waits is in the table already.
    if (!file || lines > 2 * [...table.all()].length + spareLines) return compact()
    try {
      await file.appendFile(leases.map(renderLine).join(''))
      await file.datasync()
      lines += leases.length
    } catch (error) {
      await file.close().catch(() => undefined)
      file = undefined
      throw error
    }
  }

  return {
    load: async () => parseLeases(await readFile(path, 'utf8').catch(() => '')),
    keep: (lease) => {
      waiting.push(lease)
      next ??= flushing.catch(() => undefined).then(flush)
      flushing = next
      return next
    },
    close: async () => {
      await flushing.catch(() => undefined)
      await file?.close()
      file = undefined
    },
  }
}

function renderLine(lease: Lease): string {
  return `${JSON.stringify(lease)}\n`
}

function parseLeases(text: string): Lease[] {
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = leaseSchema.safeParse(JSON.parse(line))
      return parsed.success ? [parsed.data] : []
    } catch {
      return []
    }
  })
}
