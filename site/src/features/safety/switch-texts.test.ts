import { expect, it } from 'vitest'
import type { Safety, Site } from '../../api/views.ts'
import { describeSwitch, describeSwitchedOff, switchedOffNote } from './switch-texts.ts'

const on = { powerControl: 'on', reimage: 'on' } as const
const noReimage = { powerControl: 'on', reimage: 'off' } as const
const safety: Safety = { mode: 'safe', powerUntil: null, minimum: 'power', ...on }

function site(name: string, switches: Pick<Site, 'powerControl' | 'reimage'>): Site {
  return {
    siteId: name,
    name,
    unknownMachines: 'discover',
    minimumSafety: 'power',
    deploymentsAtOnce: 10,
    imageCacheGib: null,
    machineCount: 0,
    edgeCount: 0,
    edgesOnline: 0,
    createdAt: 0,
    ...switches,
  }
}

it('names what is switched off, for all or for some', () => {
  expect(describeSwitchedOff(safety, [site('Attic', on)])).toEqual([])
  expect(describeSwitchedOff(safety, [site('Attic', noReimage), site('Cellar', noReimage)])).toEqual([
    'Reimaging is switched off at Attic and Cellar.',
  ])
  const none = { ...safety, powerControl: 'off', reimage: 'off' } as const
  expect(describeSwitchedOff(none, [site('Attic', noReimage)])).toEqual([
    'Power control is switched off for all sites.',
    'Reimaging is switched off for all sites.',
  ])
})

it('says that a site’s switch helps nothing while the organisation’s is off', () => {
  expect(describeSwitch('reimage', on, noReimage)).toContain('helps only when')
  expect(describeSwitch('reimage', noReimage, noReimage)).toContain('No machine is deployed over')
  expect(describeSwitch('powerControl', on, noReimage)).toContain('can be switched on')
})

it('notes it at a machine', () => {
  expect(switchedOffNote(on)).toBeNull()
  expect(switchedOffNote(noReimage)).toBe('reimaging off')
  expect(switchedOffNote({ powerControl: 'off', reimage: 'off' })).toBe('power control and reimaging off')
})
