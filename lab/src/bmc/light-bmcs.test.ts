import { expect, test } from 'vitest'
import { startLightBmcs } from './light-bmcs.ts'

test('light BMCs have one address each, one behind the other, and machines that differ', async () => {
  const options = { address: '127.91.0.254', ipmiPort: 6231, redfishPort: null, personality: 'ami' as const }
  await using fleet = await startLightBmcs({ ...options, count: 4 })
  expect(fleet.bmcs.map((bmc) => bmc.address)).toEqual([
    '127.91.0.254',
    '127.91.0.255',
    '127.91.1.0',
    '127.91.1.1',
  ])
  const identities = fleet.bmcs.map((bmc) => bmc.bmc.chassis.identity)
  expect(new Set(identities.map((identity) => identity.uuid)).size).toBe(4)
  expect(new Set(identities.flatMap((identity) => identity.macs)).size).toBe(8)
})
