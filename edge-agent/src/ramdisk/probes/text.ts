import { readFileSync } from 'node:fs'

const maxLength = 256

/** What firmware vendors leave in fields that they did not fill in. */
const placeholders =
  /^(not (specified|available|provided|present|applicable)|n\/?a|none|unknown|undefined|empty|default string|to be filled by o\.?e\.?m\.?|system (manufacturer|product name|serial number|version)|(base ?board|chassis|asset)[ _-]?(serial|tag|number).*|no asset (tag|information)|0123456789|0+|x+|\.+|-+|\?+|invalid|oem)$/i

/** Trims and bounds text from hardware; null when nothing is left. */
export function cleanText(text: string | null | undefined): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const clean = (text ?? '').replaceAll(/[\u0000-\u001f\u007f-\u009f\s]+/g, ' ').trim()
  return clean === '' ? null : clean.slice(0, maxLength)
}

/** As cleanText, and null for a placeholder ("To Be Filled By O.E.M."). */
export function cleanSmbiosText(text: string | null | undefined): string | null {
  const clean = cleanText(text)
  return clean === null || placeholders.test(clean) ? null : clean
}

/** A small file of sysfs or procfs, trimmed; null when it can't be read. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

/** A whole number of sysfs; null when there is none. */
export function readNumber(path: string): number | null {
  const text = readText(path)
  return text !== null && /^-?\d+$/.test(text) ? Number(text) : null
}
