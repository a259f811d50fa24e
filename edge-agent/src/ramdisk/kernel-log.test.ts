import { expect, test } from 'vitest'
import { parseKernelRecord } from './kernel-log.ts'

test('forwards errors and worse', () => {
  const record =
    '3,1021,7301213,-;blk_update_request: I/O error, dev sda, sector 2048 op 0x1:(WRITE)\n SUBSYSTEM=block\n DEVICE=b8:0\n'
  expect(parseKernelRecord(record)).toEqual({
    level: 'error',
    text: 'kernel: [7.301] blk_update_request: I/O error, dev sda, sector 2048 op 0x1:(WRITE)',
  })
  expect(parseKernelRecord('0,1,5,-;Kernel panic')?.level).toBe('error')
})

test.each([
  '6,339,5140900,-;NET: Registered PF_INET protocol family\n',
  '4,12,1,-;a warning',
  '30,12,1,-;init: facility daemon, severity info',
  'rubbish',
  '',
])('leaves out %j', (record) => {
  expect(parseKernelRecord(record)).toBeNull()
})
