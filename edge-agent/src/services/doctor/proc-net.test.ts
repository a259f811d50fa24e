import { expect, test } from 'vitest'
import { parseProcNet } from './proc-net.ts'

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const line = (local: string, remote: string, state: string, inode: number) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 2 0 0\n`

test('finds listeners, and leaves out what is connected', () => {
  const text = `${head}${line('0100007F:1AD6', '00000000:0000', '0A', 77)}${line('0200A8C0:1AD6', '0300A8C0:9C40', '01', 78)}`
  expect(parseProcNet(text, 'tcp')).toEqual([{ address: '127.0.0.1', port: 6870, inode: '77' }])
})

test('finds UDP sockets that take from anybody, over IPv6 too', () => {
  expect(parseProcNet(`${head}${line('00000000:0043', '00000000:0000', '07', 5)}`, 'udp')).toEqual([
    { address: '0.0.0.0', port: 67, inode: '5' },
  ])
  const six = `${head}${line(`${'0'.repeat(32)}:0045`, `${'0'.repeat(32)}:0000`, '07', 6)}`
  expect(parseProcNet(six, 'udp')).toEqual([{ address: '::', port: 69, inode: '6' }])
})

test('what cannot be read is left out', () => {
  expect(parseProcNet('', 'tcp')).toEqual([])
  expect(parseProcNet(`${head}nonsense\n\n`, 'udp')).toEqual([])
})
