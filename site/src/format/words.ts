/** "1 machine", "3 machines", "no machines". */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  if (count === 0) return `no ${plural}`
  return `${count.toLocaleString('en-GB')} ${count === 1 ? singular : plural}`
}

/** "one", "two", ... for the start of a sentence; digits from ten on. */
export function spell(count: number): string {
  return (
    ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'][count] ??
    count.toLocaleString('en-GB')
  )
}

export function capitalise(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** "SeatAngleCoverAcoustic" as "seat angle cover acoustic". */
export function separateWords(camelCase: string): string {
  return camelCase.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
}

/** "a, b and c". */
export function listOf(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('')
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
