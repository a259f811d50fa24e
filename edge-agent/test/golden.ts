import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'

/** Compares `text` with a committed file; `UPDATE_GOLDEN=1` rewrites the file instead. */
export function expectGolden(file: URL, text: string): void {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text)
  expect(text).toBe(readFileSync(file, 'utf8'))
}
