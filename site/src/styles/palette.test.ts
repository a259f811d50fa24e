import { describe, expect, it } from 'vitest'
import { contrast, parsePalette } from './contrast.ts'
import css from './palette.css?raw'

const palette = parsePalette(css)
const surfaces = ['ground', 'raised', 'hover']
const texts = ['ink', 'ink-soft', 'ink-faint', 'touch', 'alive', 'wanted', 'failed']

describe('contrast', () => {
  it('computes the WCAG examples', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5)
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
  })
})

describe.each(['dark', 'light'] as const)('the %s palette', (theme) => {
  const colours = palette[theme]
  const colour = (name: string): string => {
    const value = colours[name]
    if (!value) throw new Error(`${theme} has no ${name}`)
    return value
  }

  it.each(surfaces.flatMap((surface) => texts.map((text) => [text, surface])))(
    '%s on %s is readable (4.5)',
    (text = '', surface = '') => {
      expect(contrast(colour(text), colour(surface))).toBeGreaterThanOrEqual(4.5)
    },
  )

  it.each(['touch-fill', 'touch-fill-hover', 'failed-fill'])('text on %s is readable (4.5)', (fill) => {
    expect(contrast(colour('on-touch'), colour(fill))).toBeGreaterThanOrEqual(4.5)
  })

  it.each(surfaces)('the outline of a control stands out from %s (3)', (surface) => {
    expect(contrast(colour('control'), colour(surface))).toBeGreaterThanOrEqual(3)
  })
})
