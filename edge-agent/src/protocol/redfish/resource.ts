/**
 * What a BMC said, known to be an object and nothing more: every property may be missing, null, empty or of another
 * type than the schema says.
 */
export type Resource = Readonly<Record<string, unknown>>

const nothing: Resource = Object.freeze({})
const longestText = 500
const longestPath = 1000
/** What BMCs write where they have nothing to say. */
const emptyWords = new Set([
  '',
  'none',
  'nil',
  'null',
  'n/a',
  'na',
  'unknown',
  'not available',
  'not specified',
])

export function asResource(value: unknown): Resource {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Resource) : nothing
}

/** A value deep inside; undefined where the way there ends early. */
export function valueAt(resource: Resource, ...names: readonly string[]): unknown {
  let value: unknown = resource
  for (const name of names) {
    const holder = asResource(value)
    if (!Object.hasOwn(holder, name)) return undefined
    value = holder[name]
  }
  return value
}

export function resourceAt(resource: Resource, ...names: readonly string[]): Resource {
  return asResource(valueAt(resource, ...names))
}

/** The objects of a list, which may as well be null or hold nulls. */
export function listAt(resource: Resource, ...names: readonly string[]): Resource[] {
  const value = valueAt(resource, ...names)
  if (!Array.isArray(value)) return []
  return value.filter((entry) => typeof entry === 'object' && entry !== null && !Array.isArray(entry))
}

/** Null for what means nothing, as `N/A`. Cut at 500 characters, without control characters. */
export function textAt(resource: Resource, ...names: readonly string[]): string | null {
  const value = valueAt(resource, ...names)
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' ? parseText(text) : null
}

export function parseText(text: string): string | null {
  const plain = text
    .slice(0, 4 * longestText)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, longestText)
  return emptyWords.has(plain.toLowerCase()) ? null : plain
}

/** Some write numbers as text. */
export function numberAt(resource: Resource, ...names: readonly string[]): number | null {
  const value = valueAt(resource, ...names)
  if (typeof value === 'string' && /^\s*[-+]?\d+(\.\d+)?\s*$/.test(value)) return finite(Number(value))
  return typeof value === 'number' ? finite(value) : null
}

const finite = (value: number) => (Number.isFinite(value) ? value : null)

export function textsAt(resource: Resource, ...names: readonly string[]): string[] {
  const value = valueAt(resource, ...names)
  if (!Array.isArray(value)) return []
  return value.flatMap((entry) => (typeof entry === 'string' ? (parseText(entry) ?? []) : []))
}

/** Where a link leads. */
export function linkAt(resource: Resource, ...names: readonly string[]): string | null {
  const value = valueAt(resource, ...names)
  return parsePath(typeof value === 'string' ? value : valueAt(asResource(value), '@odata.id'))
}

export function linksAt(resource: Resource, ...names: readonly string[]): string[] {
  return listAt(resource, ...names).flatMap((entry) => parsePath(entry['@odata.id']) ?? [])
}

/**
 * A path on the BMC that was asked. A URL is cut down to its path: what a BMC says can't send a password to another
 * host. Null for what is no path.
 */
export function parsePath(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > longestPath) return null
  const path = (value.replace(/^https?:\/\/[^/]*/i, '').split('#')[0] ?? '').replaceAll(' ', '%20')
  return /^\/(?!\/)[\x21-\x7e]*$/.test(path) && !/\/\.\.?(\/|$)/.test(path) ? path : null
}

/** Milliseconds since 1970. BMCs leave the colon out of the offset, and write the year 0 or 1970 for "never". */
export function parseTime(value: unknown): number | null {
  if (typeof value !== 'string' || value.length > 64) return null
  const at = Date.parse(value.trim().replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return Number.isFinite(at) && at >= Date.UTC(1980, 0, 1) && at < Date.UTC(2200, 0, 1) ? at : null
}
