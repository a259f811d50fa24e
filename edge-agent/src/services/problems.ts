import type { SiteEvent } from '@dragonfly/schema/wire'

/** What on this edge wants a person, each told once, and once when it is over. */
export interface Problems {
  raise(problem: string, about: string, message: string): Promise<void>
  /** Everything about one thing, or one problem of it. */
  clear(about: string, problem?: string): Promise<void>
  /** Takes back what an earlier run told and this one has not found. */
  settle(): Promise<void>
  list(): { problem: string; message: string }[]
}

export function createProblems(options: {
  append: (event: SiteEvent) => Promise<void>
  /** Names of the problems that were open when the edge stopped. */
  openBefore: readonly string[]
  remember: (problems: string[]) => Promise<void>
}): Problems {
  const open = new Map<string, Map<string, string>>()
  const told = new Map<string, string | null>(options.openBefore.map((problem) => [problem, '']))

  const tell = async (problem: string): Promise<void> => {
    const messages = [...new Set(open.get(problem)?.values() ?? [])]
    const message = messages.length > 0 ? messages.join(' ').slice(0, 2000) : null
    if ((told.get(problem) ?? null) === message) return
    told.set(problem, message)
    await options.append({ type: 'edge.problem', problem: problem.slice(0, 64), message })
    await options.remember([...told].flatMap(([name, text]) => (text === null ? [] : [name])))
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
    settle: async () => {
      for (const problem of told.keys()) await tell(problem)
    },
    list: () => [...told].flatMap(([problem, message]) => (message ? [{ problem, message }] : [])),
  }
}
