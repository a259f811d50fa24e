import { lightChassis } from './light-chassis.ts'
import type { PersonalityName } from './personality.ts'
import { type SimulatedBmc, startSimulatedBmc } from './simulated-bmc.ts'

export interface LightBmcOptions {
  count: number
  /** Of the first; the others follow. All of 127.0.0.0/8 is this host, without any set-up. */
  address: string
  ipmiPort: number
  /** Null is without Redfish. */
  redfishPort: number | null
  personality: PersonalityName
}

export interface LightBmcs extends AsyncDisposable {
  bmcs: readonly SimulatedBmc[]
}

/** The address that is `offset` behind another. */
function addressAfter(address: string, offset: number): string {
  const bytes = Buffer.from(address.split('.').map(Number))
  bytes.writeUInt32BE((bytes.readUInt32BE() + offset) >>> 0)
  return [...bytes].join('.')
}

/** Starts many BMCs of light machines in this process, every third machine on. */
export async function startLightBmcs(options: LightBmcOptions): Promise<LightBmcs> {
  const { count, ipmiPort, redfishPort, personality } = options
  const bmcs: SimulatedBmc[] = []
  const dispose = async (): Promise<void> => {
    await Promise.all(bmcs.map((bmc) => bmc.close()))
  }
  try {
    for (let number = 0; number < count; number += 1) {
      const address = addressAfter(options.address, number)
      const chassis = lightChassis(number + 1, { isOn: number % 3 === 0 })
      bmcs.push(await startSimulatedBmc({ chassis, address, ipmiPort, redfishPort, personality }))
    }
  } catch (error) {
    await dispose()
    throw error
  }
  return { bmcs, [Symbol.asyncDispose]: dispose }
}
