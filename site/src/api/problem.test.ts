import { expect, it } from 'vitest'
import { ApiError, problemFrom, sortProblem } from './problem.ts'

const refused = (errors: { path: string; message: string }[], code = 'invalid') =>
  new ApiError(problemFrom({ title: 'Invalid', detail: 'Some fields are wrong.', code, errors }, 422))

it('sorts messages to the fields of a form, the first one for each', () => {
  const error = refused([
    { path: 'hostname', message: 'Taken.' },
    { path: 'disk.serial', message: 'No such disk.' },
    { path: 'hostname', message: 'Too long.' },
    { path: 'sshKeys.1', message: 'Not a key.' },
  ])
  expect(sortProblem(error, ['hostname', 'disk', 'sshKeys'])).toEqual({
    fields: { hostname: 'Taken.', disk: 'No such disk.', sshKeys: 'Line 2: Not a key.' },
    form: null,
  })
})

it('keeps what belongs to no field for the whole form', () => {
  expect(sortProblem(refused([{ path: 'machineId', message: 'It is locked.' }]), ['hostname']).form).toBe(
    'It is locked.',
  )
  expect(sortProblem(refused([]), ['hostname']).form).toBe('Some fields are wrong.')
})

it('knows a field by the code of the refusal', () => {
  expect(sortProblem(refused([], 'name-taken'), ['name'], { 'name-taken': 'name' })).toEqual({
    fields: { name: 'Some fields are wrong.' },
    form: null,
  })
})

it('has a sentence even for an answer that is no problem document', () => {
  expect(problemFrom('<html>', 502).detail).toContain('502')
})
