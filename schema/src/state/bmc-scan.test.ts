import { expect, it } from 'vitest'
import { maxScanAddresses, parseScanRange, renderScanRange } from './bmc-scan.ts'
import { ipv4FromNumber, ipv4ToNumber } from './ipv4-subnet.ts'

const read = (text: string) => {
  const parsed = parseScanRange(text)
  return parsed.kind === 'range' ? renderScanRange(parsed.range) : parsed.message
}

it.each([
  ['10.0.0.0/24', '10.0.0.1 - 10.0.0.254'],
  [' 10.0.0.77 / 24 ', '10.0.0.1 - 10.0.0.254'],
  ['10.0.0.6/31', '10.0.0.6 - 10.0.0.7'],
  ['10.0.0.6/32', '10.0.0.6'],
  ['10.0.0.6', '10.0.0.6'],
  ['10.0.0.10-10.0.1.9', '10.0.0.10 - 10.0.1.9'],
  ['10.0.0.10 – 10.0.0.90', '10.0.0.10 - 10.0.0.90'],
  ['10.0.0.10 to 10.0.0.90', '10.0.0.10 - 10.0.0.90'],
  ['10.0.0.10-90', '10.0.0.10 - 10.0.0.90'],
  ['192.168.16.0/20', '192.168.16.1 - 192.168.31.254'],
])('%s is %s', (text, range) => expect(read(text)).toBe(range))

it.each([
  ['', 'no range'],
  ['bmc.example.com', 'no range'],
  ['10.0.0.0/33', 'no range'],
  ['10.0.0/24', 'no range'],
  ['10.0.0.256', 'no range'],
  ['010.0.0.1', 'no range'],
  ['10.0.0.1-300', 'no range'],
  ['10.0.0.1-2-3', 'no range'],
  ['fd00::/120', 'no range'],
  ['10.0.0.9-10.0.0.1', 'swap them'],
  ['10.0.0.0/19', 'at most'],
  ['0.0.0.0/0', 'at most'],
  ['224.0.0.0/24', 'No host'],
  ['255.255.255.255', 'No host'],
])('%s is refused: %s', (text, why) => expect(read(text)).toContain(why))

it('takes exactly as many as it says', () => {
  const last = ipv4ToNumber('10.1.0.0') + maxScanAddresses - 1
  expect(read(`10.1.0.0-${ipv4FromNumber(last)}`)).toBe('10.1.0.0 - 10.1.15.255')
  expect(read(`10.1.0.0-${ipv4FromNumber(last + 1)}`)).toContain('at most')
})

it.each([
  ['10.255.255.0/24', false],
  ['172.31.0.0/24', false],
  ['172.32.0.0/24', true],
  ['192.168.255.250-192.169.0.5', true],
  ['127.0.0.5', false],
  ['8.8.8.0/24', true],
  ['100.127.0.0/24', false],
])('%s: is some of it public? %s', (text, isPublic) =>
  expect(parseScanRange(text)).toMatchObject({ range: { isPublic } }),
)
