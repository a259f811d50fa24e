import { expect, it } from 'vitest'
import { cutTyped } from './console-socket.ts'
import { countUntil, createPlayback } from './playback.ts'

const frame = (at: number, text: string) => ({ at, data: btoa(text) })
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

it('plays frames at their distance, and shortens silence', () => {
  const playback = createPlayback([
    frame(5000, 'a'),
    frame(5400, 'b'),
    frame(95_000, 'c'),
    frame(94_000, 'd'),
  ])
  expect(playback.frames.map(({ atMs }) => atMs)).toEqual([0, 400, 2400, 2400])
  expect(playback.frames.map(({ bytes }) => text(bytes)).join('')).toBe('abcd')
  expect(playback.durationMs).toBe(2400)
})

it('knows what is shown at any time', () => {
  const playback = createPlayback([frame(0, 'a'), frame(100, 'b'), frame(100, 'c'), frame(300, 'd')])
  expect([-1, 0, 99, 100, 299, 300, 9999].map((atMs) => countUntil(playback, atMs))).toEqual([
    0, 1, 1, 3, 3, 4, 4,
  ])
  expect(countUntil(createPlayback([]), 0)).toBe(0)
})

it('cuts a paste into what the server takes, and loses nothing', () => {
  const pasted = 'ä'.repeat(5000)
  const parts = cutTyped(pasted)
  expect(parts.map(({ length }) => length)).toEqual([4096, 4096, 1808])
  expect(new TextDecoder().decode(new Uint8Array(parts.flatMap((part) => [...part])))).toBe(pasted)
})
