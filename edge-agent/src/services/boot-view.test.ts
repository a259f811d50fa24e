import { expect, test } from 'vitest'
import { createSigner, makeMachine, makeState } from '../../test/site.ts'
import { buildBootView } from './boot-view.ts'

const bootOf = (adopted: boolean, unknownMachines: 'discover' | 'hold' | 'ignore') =>
  buildBootView({
    state: makeState(createSigner('k1'), { unknownMachines, machines: [makeMachine({ adopted })] }),
    hostInterfaces: [],
    deployments: [],
    discoveredMacs: [],
    bundle: { dir: '/bundle', ready: true },
    bootTokenKey: '',
    generation: 'g',
    version: 1,
  }).machines[0]?.boot

test('where unknown machines are held, one stays held until it is adopted', () => {
  expect(bootOf(false, 'hold')).toBe('hold')
  expect(bootOf(true, 'hold')).toBe('local')
  expect(bootOf(false, 'discover')).toBe('local')
})
