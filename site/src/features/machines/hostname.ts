const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** What is wrong with a host name, while it is being typed; null when nothing is. The server has the last word. */
export function hostnameError(name: string, optional = false): string | null {
  if (name === '') return optional ? null : 'A host name is wanted.'
  if (name.length > 253) return 'A host name has at most 253 characters.'
  if (/[A-Z]/.test(name)) return `Only lower-case letters: ${name.toLowerCase()}?`
  const wrong = name.split('.').find((part) => !label.test(part))
  if (wrong === undefined) return null
  if (wrong === '') return 'A label between two dots is empty.'
  if (wrong.length > 63) return `“${wrong.slice(0, 12)}…” is longer than 63 characters.`
  return 'A host name has letters a to z, digits and hyphens, in labels joined by dots; no hyphen at either end of a label.'
}

/** A host name made of whatever a machine is called: `SeatAngle` becomes `seat-angle`. */
export function suggestHostname(name: string): string {
  const lower = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()
  return hostnameError(lower) === null
    ? lower
    : lower
        .replaceAll(/[^a-z0-9-]+/g, '-')
        .replaceAll(/^-+|-+$/g, '')
        .slice(0, 63)
}

/** What is wrong with a MAC address as typed; null when it is one. */
export function macError(text: string): string | null {
  const digits = text.toLowerCase().replaceAll(/[\s:.-]/g, '')
  if (!/^[0-9a-f]*$/.test(digits)) return 'A MAC address has hex digits only, like 52:54:00:12:34:56.'
  if (digits.length !== 12) return `A MAC address has twelve hex digits; these are ${digits.length}.`
  if (Number.parseInt(digits.slice(0, 2), 16) & 1)
    return 'That is a group address; a machine’s own one is wanted.'
  return null
}
