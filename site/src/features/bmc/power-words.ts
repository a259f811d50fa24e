import { type PowerOperation, powerOperations, powerOperationTexts } from '@dragonfly/schema/state'
import type { Machine } from '../../api/views.ts'

const shown = 4

/**
 * Machines whose power is meant by what somebody types: "reset web", "web power". What is chosen asks once more on the
 * machine's page.
 */
export function findPowerWords(
  query: string,
  machines: readonly Machine[],
): { machine: Machine; operation: PowerOperation }[] {
  const typed = query.trim().toLowerCase().split(/\s+/).filter(Boolean)
  if (typed.length < 2) return []
  return powerOperations
    .flatMap((operation) => {
      const name = powerOperationTexts[operation].title.toLowerCase().split(' ')
      const rest = typed.filter((word) => !name.includes(word))
      if (rest.length === typed.length || rest.length !== 1) return []
      return machines
        .filter((machine) => machine.name.toLowerCase().includes(rest[0] ?? ''))
        .slice(0, shown)
        .map((machine) => ({ machine, operation, words: typed.length - rest.length }))
    })
    .toSorted((a, b) => b.words - a.words)
    .slice(0, 2 * shown)
    .map(({ machine, operation }) => ({ machine, operation }))
}
