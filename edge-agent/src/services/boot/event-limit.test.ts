import { expect, it } from 'vitest'
import { parseArpTable } from '../../io/arp-table.ts'
import { createEventLimit } from './event-limit.ts'

it('lets a burst through, then only so many a second', () => {
  let nowMs = 0
  const may = createEventLimit({ perSecond: 10, burst: 3, now: () => nowMs })
  expect([may(), may(), may(), may()]).toEqual([true, true, true, false])
  nowMs = 100
  expect([may(), may()]).toEqual([true, false])
})

it('finds a MAC in the kernel’s neighbour table', () => {
  const table = `IP address       HW type     Flags       HW address            Mask     Device
10.77.0.131      0x1         0x2         52:54:00:77:00:02     *        eth0
10.77.0.13       0x1         0x0         00:00:00:00:00:00     *        eth0
`
  expect(parseArpTable(table, '10.77.0.131')).toBe('52:54:00:77:00:02')
  expect(parseArpTable(table, '10.77.0.13')).toBeUndefined()
  expect(parseArpTable(table, '10.77.0.1')).toBeUndefined()
})
