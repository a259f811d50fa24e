import { cleanText } from './text.ts'

/** The name for people in an os-release file (os-release(5)): PRETTY_NAME, else NAME. */
export function parseOsRelease(text: string): string | null {
  const values = new Map<string, string>()
  for (const line of text.slice(0, 16_384).split('\n')) {
    const match = /^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(.*))$/.exec(line.trim())
    if (match?.[1]) values.set(match[1], match[2] ?? match[3] ?? match[4] ?? '')
  }
  return cleanText(values.get('PRETTY_NAME')) ?? cleanText(values.get('NAME'))
}
