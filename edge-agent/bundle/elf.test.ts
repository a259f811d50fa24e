import { expect, test } from 'vitest'
import { emptyBiggestSegment, parseLibraryList } from './elf.ts'

test('libraries, missing ones, and the loader itself', () => {
  const text = [
    '\tlinux-vdso.so.1 (0x00007ffc)',
    '\tlibz.so.1 => /tree/usr/lib/x86_64-linux-gnu/libz.so.1 (0x00007f01)',
    '\tlibgone.so.3 => not found',
    '\t/lib64/ld-linux-x86-64.so.2 => /tree/usr/lib/ld-linux-x86-64.so.2 (0x00007f02)',
  ].join('\n')
  const { libraries, missing } = parseLibraryList(text)
  expect([...libraries.keys()]).toEqual(['libz.so.1', '/lib64/ld-linux-x86-64.so.2'])
  expect(missing).toEqual(['libgone.so.3'])
})

const PAGE = 0x1000

/** A library of three segments: 1 page, `dataPages` pages read-only, 16 bytes writable at the end. */
function library(dataPages: number): Uint8Array {
  const dataBytes = dataPages * PAGE + 100
  const image = new Uint8Array(PAGE + dataBytes + 16)
  const view = new DataView(image.buffer)
  view.setBigUint64(0x20, 64n, true)
  view.setUint16(0x36, 56, true)
  view.setUint16(0x38, 3, true)
  const segments: [flags: number, offset: number, size: number][] = [
    [5, 0, PAGE],
    [4, PAGE, dataBytes],
    [6, PAGE + dataBytes, 16],
  ]
  segments.forEach(([flags, offset, size], index) => {
    const at = 64 + index * 56
    view.setUint32(at, 1, true)
    view.setUint32(at + 4, flags, true)
    view.setBigUint64(at + 8, BigInt(offset), true)
    view.setBigUint64(at + 0x20, BigInt(size), true)
    view.setBigUint64(at + 0x28, BigInt(size), true)
  })
  image.fill(7, PAGE, PAGE + dataBytes)
  image.fill(9, PAGE + dataBytes)
  return image
}

test('the biggest read-only segment shrinks in the file, not in memory, and what follows moves up by whole pages', () => {
  const before = library(50)
  const after = emptyBiggestSegment(before)
  const view = new DataView(after.buffer)
  const data = 64 + 56
  const last = 64 + 2 * 56
  expect(before.length - after.length).toBe(49 * PAGE)
  expect(Number(view.getBigUint64(data + 0x20, true))).toBe(PAGE)
  expect(Number(view.getBigUint64(data + 0x28, true))).toBe(50 * PAGE + 100)
  const lastOffset = Number(view.getBigUint64(last + 8, true))
  expect([...after.subarray(lastOffset, lastOffset + 16)]).toEqual(new Array(16).fill(9))
})

test('a library without a big read-only segment stays as it is', () => {
  const small = library(1)
  expect(emptyBiggestSegment(small)).toBe(small)
})
