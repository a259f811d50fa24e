import { expect, it } from 'vitest'
import { can, type OperationGroup, roleRules, scopesCover } from './role-rules.ts'

const groups = Object.keys(roleRules) as OperationGroup[]

it('lets an administrator do everything, a user adopt, a viewer look', () => {
  const allowed = (role: Parameters<typeof can>[0]) => groups.filter((group) => can(role, group).allowed)
  expect(allowed('administrator')).toEqual(groups)
  expect(allowed('user')).toEqual(['self', 'read', 'operate', 'account'])
  expect(allowed('viewer')).toEqual(['self', 'read', 'account'])
})

it('says why not', () => {
  expect(can('user', 'deploy')).toEqual({
    allowed: false,
    reason: 'As a user you may not deploy to machines: ask an administrator.',
  })
})

it('lets no API key at the account of its owner, whatever its scopes', () => {
  const every = ['read', 'operate', 'deploy', 'destroy', 'admin']
  expect(groups.filter((group) => !scopesCover(every, group).allowed)).toEqual(['account'])
  expect(groups.filter((group) => scopesCover(['read'], group).allowed)).toEqual(['self', 'read', 'confirm'])
})
