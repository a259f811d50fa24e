import { expect, test } from 'vitest'
import { parseBootParameters } from './boot-parameters.ts'

test('reads the command line that the edge makes', () => {
  const line =
    'initrd=initrd.img dragonfly.edge=10.0.0.2:6872 dragonfly.token=abc.DEF=_x BOOTIF=01-52-54-00-AA-0b-01 console=tty0 quiet\n'
  expect(parseBootParameters(line, 6872)).toEqual({
    edge: { host: '10.0.0.2', port: 6872 },
    token: 'abc.DEF=_x',
    bootMac: '52:54:00:aa:0b:01',
  })
})

test('falls back to the usual port, and takes the last of a repeated parameter', () => {
  const parsed = parseBootParameters('dragonfly.edge=a dragonfly.edge=edge-1.example', 6872)
  expect(parsed).toEqual({ edge: { host: 'edge-1.example', port: 6872 }, token: null, bootMac: null })
})

test.each([
  '',
  'quiet',
  'dragonfly.edge=',
  'dragonfly.edge=[::1]:1',
  'dragonfly.edge=a:99999',
  'BOOTIF=01-52',
])('no edge in %j', (line) => {
  expect(parseBootParameters(line, 6872)).toEqual({ edge: null, token: null, bootMac: null })
})
