import { expect, it } from 'vitest'
import { exportHref, readAuditSearch, renderAuditQuery } from './audit-search.ts'
import { renderActor, renderDetails, renderOperation } from './audit-text.ts'

it('reads filters from an address, and leaves out what makes no sense', () => {
  const search = readAuditSearch({
    actor: 'Ada',
    outcome: 'maybe',
    from: '2026-11-22',
    to: 'soon',
    subject: 7,
  })
  expect(search).toMatchObject({ actor: 'Ada', outcome: undefined, from: '2026-11-22', to: undefined })
  expect(search.subject).toBe('7')
  expect(readAuditSearch({ from: '2026-99-99' }).from).toBeUndefined()
})

it('asks for whole days, and not for blanks', () => {
  const query = renderAuditQuery({ actor: ' ', operation: ' lock ', from: '2026-06-01', to: '2026-06-01' })
  expect(query).toEqual({
    operation: 'lock',
    from: new Date(2026, 5, 1).getTime(),
    to: new Date(2026, 5, 2).getTime(),
  })
  expect(exportHref({})).toBe('/api/v1/audit/export')
  expect(exportHref({ subject: 'a&b' })).toBe('/api/v1/audit/export?subject=a%26b')
})

it('puts an entry into words', () => {
  expect(renderOperation('createEnrolmentToken')).toBe('Create enrolment token')
  expect(renderOperation('auth/two-factor/verify')).toBe('Auth two-factor verify')
  expect(renderActor({ actorKind: 'stranger', actorName: null, actorId: null })).toBe(
    'somebody not signed in',
  )
  expect(renderActor({ actorKind: 'person', actorName: 'Ada', actorId: 'u1' })).toBe('Ada')
  expect(renderDetails({ machineId: 'm1', name: 'web-1', tags: ['db', 'spare'], armedHours: 3 })).toBe(
    'name web-1 · tags db, spare · armedHours 3',
  )
})
