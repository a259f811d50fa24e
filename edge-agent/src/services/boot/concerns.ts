import type { BootProblem } from '../../protocol/boot-messages.ts'

/** Problems that are seen in passing packets: each is told once, and is over when it was not seen again for a while. */
export interface Concerns {
  raise: (problem: BootProblem, lastsMs: number) => void
  /** Takes back what is over. */
  tick: () => void
  /** Tells all again, to a supervisor that has heard nothing yet. */
  repeat: () => void
}

export function createConcerns(options: {
  now: () => number
  onProblem: (problem: BootProblem) => void
  onCleared: (about: string) => void
}): Concerns {
  const open = new Map<string, { problem: BootProblem; untilMs: number }>()
  return {
    raise: (problem, lastsMs) => {
      const untilMs = options.now() + lastsMs
      const told = open.get(problem.about)
      open.set(problem.about, { problem, untilMs })
      if (told?.problem.message !== problem.message) options.onProblem(problem)
    },
    tick: () => {
      for (const [about, { untilMs }] of open) {
        if (untilMs > options.now()) continue
        open.delete(about)
        options.onCleared(about)
      }
    },
    repeat: () => {
      for (const { problem } of open.values()) options.onProblem(problem)
    },
  }
}
