import { expect, test } from 'vitest'
import { createScrollBack } from './scroll-back.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

test('keeps the newest bytes, however they come', () => {
  const scrollBack = createScrollBack(8)
  expect(text(scrollBack.read())).toBe('')
  scrollBack.push(Buffer.from('abc'))
  expect(text(scrollBack.read())).toBe('abc')
  scrollBack.push(Buffer.from('defgh'))
  expect(text(scrollBack.read())).toBe('abcdefgh')
  scrollBack.push(Buffer.from('ij'))
  expect(text(scrollBack.read())).toBe('cdefghij')
  scrollBack.push(Buffer.from('0123456789'))
  expect(text(scrollBack.read())).toBe('23456789')
  scrollBack.push(Buffer.from('x'))
  expect(text(scrollBack.read())).toBe('3456789x')
})

test('is what one string would end with', () => {
  const scrollBack = createScrollBack(37)
  let all = ''
  for (let step = 0; step < 500; step++) {
    const piece = String.fromCharCode(97 + (step % 26)).repeat((step * 7) % 53)
    scrollBack.push(Buffer.from(piece))
    all += piece
    expect(text(scrollBack.read())).toBe(all.slice(-37))
  }
})
