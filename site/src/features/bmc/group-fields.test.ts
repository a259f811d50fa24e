import { expect, it } from 'vitest'
import { groupFields } from './group-fields.ts'

it('keeps the order of groups, and tells parts of one name apart', () => {
  const fields = [
    { group: 'System', name: 'Model', value: 'R650' },
    { group: 'NICs', name: 'NIC', value: '52:54:00:00:00:01' },
    { group: 'Firmware', name: 'BIOS', value: '1.6' },
    { group: 'NICs', name: 'NIC', value: '52:54:00:00:00:02' },
  ]
  expect(groupFields(fields)).toEqual([
    { group: 'System', facts: [['Model', 'R650']] },
    {
      group: 'NICs',
      facts: [
        ['NIC', '52:54:00:00:00:01'],
        ['NIC 2', '52:54:00:00:00:02'],
      ],
    },
    { group: 'Firmware', facts: [['BIOS', '1.6']] },
  ])
})
