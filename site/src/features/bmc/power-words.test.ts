import { expect, it } from 'vitest'
import { createMachine } from '../testing/views.ts'
import { findPowerWords } from './power-words.ts'

const machines = [createMachine({ name: 'web-01' }), createMachine({ name: 'db-01' })]
const found = (query: string) =>
  findPowerWords(query, machines).map(({ machine, operation }) => `${operation} ${machine.name}`)

it('finds a machine and what is to become of its power', () => {
  expect(found('reset web')).toEqual(['reset web-01'])
  expect(found('db-01 shut down')).toEqual(['shutdown db-01'])
  expect(found('Power off web')).toEqual(['off web-01'])
  expect(found('power db')).toEqual(['on db-01', 'off db-01', 'cycle db-01'])
})

it('takes a bare word for a search', () => {
  expect(found('reset')).toEqual([])
  expect(found('web-01')).toEqual([])
  expect(found('power')).toEqual([])
  expect(found('power mail')).toEqual([])
})
