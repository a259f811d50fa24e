import { expect, it } from 'vitest'
import { decideDefaultLogins, describeNoLogin } from './default-logins.ts'

const pairs = (vendor: string | null) => {
  const decision = decideDefaultLogins(vendor)
  return decision.kind === 'logins'
    ? decision.logins.map((l) => `${l.username}/${l.password}`)
    : decision.message
}

it.each([
  ['Supermicro', 'ADMIN/ADMIN'],
  ['Dell', 'root/calvin'],
  ['OpenBMC', 'root/0penBmc'],
  ['Lenovo', 'USERID/PASSW0RD'],
  ['ASRock Rack', 'admin/admin'],
  ['Gigabyte', 'admin/password'],
])('%s has one: %s', (vendor, pair) => expect(pairs(vendor)).toEqual([pair]))

it('tries nothing on makers that give each unit its own, and none on those that are not listed', () => {
  expect(pairs('HPE')).toContain('pull-out tag')
  expect(pairs('Intel')).toContain('firmware setup')
  expect(pairs('Nobody Inc.')).toContain('No default login of Nobody Inc.')
})

it('tries each once where the maker is not known, and no user name often enough to lock it', () => {
  const all = pairs(null)
  if (typeof all === 'string') throw new Error(all)
  expect(new Set(all).size).toBe(all.length)
  const counts = Map.groupBy(all, (pair) => pair.split('/')[0])
  for (const [, tries] of counts) expect(tries.length).toBeLessThanOrEqual(2)
  expect(all).toContain('root/calvin')
  expect(all).toContain('root/0penBmc')
})

it('says where the right password may be', () => {
  expect(describeNoLogin('Supermicro')).toContain('sticker')
  expect(describeNoLogin(null)).toContain('Enter its user name')
})
