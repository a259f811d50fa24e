import type { SiteEvent } from '@dragonfly/schema/wire'

/** What on this edge wants a person, each told once, and once when it is over. */
export interface Problems {
  raise(problem: string, about: string, message: string): Promise<void>
  /** Everything about one thing, or one problem of it. */
  clear(about: string, problem?: string): Promise<void>
  list(): { problem: string; message: string }[]
}

export function createProblems(append: (event: SiteEvent) => Promise<void>): Problems {
  const open = new Map<string, Map<string, string>>()
  const told = new Map<string, string | null>()

  const tell = async (problem: string): Promise<void> => {
    const messages = [...new Set(open.get(problem)?.values() ?? [])]
    const message = messages.length > 0 ? messages.join(' ').slice(0, 2000) : null
    if ((told.get(problem) ?? null) === message) return
    told.set(problem, message)
    await append({ type: 'edge.problem', problem: problem.slice(0, 64), message })
  }
  return {
    raise: async (problem, about, message) => {
      const abouts = open.get(problem) ?? new Map<string, string>()
      open.set(problem, abouts.set(about, message))
      await tell(problem)
    },
    clear: async (about, problem) => {
      for (const [name, abouts] of open) {
        if ((problem === undefined || problem === name) && abouts.delete(about)) await tell(name)
      }
    },
    list: () => [...told].flatMap(([problem, message]) => (message === null ? [] : [{ problem, message }])),
  }
}
