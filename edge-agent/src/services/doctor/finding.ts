/** `note`: nothing to do. `warning`: works, until it does not. `problem`: something does not work now. */
type FindingLevel = 'ok' | 'note' | 'warning' | 'problem'

/** One thing that was looked at. */
export interface Finding {
  /** Stable, for programs: `ports`, `clock`. */
  check: string
  level: FindingLevel
  message: string
  /** What to do about it, as one sentence. */
  remedy: string | null
}

export const ok = (check: string, message: string): Finding => ({ check, level: 'ok', message, remedy: null })
export const note = (check: string, message: string): Finding => ({
  check,
  level: 'note',
  message,
  remedy: null,
})
export const warning = (check: string, message: string, remedy: string): Finding => ({
  check,
  level: 'warning',
  message,
  remedy,
})
export const problem = (check: string, message: string, remedy: string): Finding => ({
  check,
  level: 'problem',
  message,
  remedy,
})

/** 0: nothing wants a person; 1: warnings; 2: something does not work. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 | 2 {
  if (findings.some(({ level }) => level === 'problem')) return 2
  return findings.some(({ level }) => level === 'warning') ? 1 : 0
}
