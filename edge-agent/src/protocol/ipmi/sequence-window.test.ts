import { describe, expect, it } from 'vitest'
import { acceptSequence, emptySequenceWindow, nextSequence, type SequenceWindow } from './sequence-window.ts'

/** Whether each of the numbers was taken, one after the other. */
function feed(...sequences: number[]): boolean[] {
  let window: SequenceWindow = emptySequenceWindow
  return sequences.map((sequence) => {
    const next = acceptSequence(window, sequence)
    window = next ?? window
    return next !== undefined
  })
}

describe('the window of sequence numbers', () => {
  it('takes each number once, in any order', () => {
    expect(feed(1, 3, 2, 3, 2, 1, 4)).toEqual([true, true, true, false, false, false, true])
  })

  it('takes what is up to 31 late, and nothing older', () => {
    expect(feed(100, 69, 68)).toEqual([true, true, false])
  })

  it('takes boards that count by two, or skip far', () => {
    expect(feed(2, 4, 6, 5000, 4999, 6)).toEqual([true, true, true, true, true, false])
  })

  it('goes on over the end of 32 bits', () => {
    expect(feed(0xfffffffe, 0xffffffff, 1, 0xffffffff, 2)).toEqual([true, true, true, false, true])
  })

  it('takes zeros only from a BMC that never counted', () => {
    expect(feed(0, 0, 1, 0)).toEqual([true, true, true, false])
  })

  it('never gives a zero of our own', () => {
    expect(nextSequence(0xffffffff)).toBe(1)
    expect(nextSequence(0)).toBe(1)
  })
})
