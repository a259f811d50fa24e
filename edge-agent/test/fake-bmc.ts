import type { PowerState } from '@dragonfly/schema/state'
import { type BmcDriver, BmcError, type BmcTarget } from '../src/services/bmc/driver.ts'

/** A BMC in this process: what it was asked is in `log`, and what it does wrong is set by the test. */
export interface FakeBmc {
  driver: BmcDriver
  state: PowerState
  log: string[]
  /** Thrown by the call of this name, as `open` or `set off`. */
  failing: Map<string, string>
  /** Takes wishes, and does nothing. */
  isStuck: boolean
  openNow: number
  mostOpen: number
}

export function createFakeBmc(name: BmcDriver['name'] = 'ipmi'): FakeBmc {
  const check = (call: string) => {
    bmc.log.push(call)
    const reason = bmc.failing.get(call)
    if (reason) throw new BmcError(reason, `The BMC says ${reason}.`)
  }
  const after = { on: 'on', off: 'off', 'soft-off': 'off', cycle: 'on', reset: 'on' } as const
  const bmc: FakeBmc = {
    state: 'off',
    log: [],
    failing: new Map(),
    isStuck: false,
    openNow: 0,
    mostOpen: 0,
    driver: {
      name,
      fits: () => true,
      open: async () => {
        check('open')
        bmc.openNow++
        bmc.mostOpen = Math.max(bmc.mostOpen, bmc.openNow)
        await Promise.resolve()
        return {
          power: {
            read: async () => bmc.state,
            set: async (wish) => {
              check(`set ${wish}`)
              if (!bmc.isStuck) bmc.state = after[wish]
            },
          },
          setBootDevice: async ({ device, persistent, uefi }) =>
            check(`boot ${device}${persistent ? ' always' : ''}${uefi ? ' uefi' : ''}`),
          readIdentity: async () => {
            check('identity')
            return { vendor: 'Fake', model: 'F1', firmware: '1.0', serial: null, guid: null }
          },
          close: async () => {
            bmc.openNow--
          },
        }
      },
    },
  }
  return bmc
}

export const fakeTarget: BmcTarget = {
  machineId: 'machine-1',
  name: 'web-1',
  macs: ['52:54:00:00:00:01'],
  bmc: { address: '10.0.0.17', port: null, protocol: 'auto', mac: null, credentials: null },
}

/** A clock that sleepers move. */
export function createFakeTime() {
  const time = {
    at: 0,
    now: () => time.at,
    sleep: async (ms: number) => {
      time.at += ms
    },
  }
  return time
}
