import { Bmc, type BmcNetwork } from './bmc.ts'
import type { Chassis } from './chassis.ts'
import type { BmcFaults } from './faults.ts'
import { startIpmiServer } from './ipmi/server.ts'
import { startSystemInterface } from './ipmi/system-interface.ts'
import { type Personality, type PersonalityName, personalities } from './personality.ts'
import type { FetchMedia } from './redfish/manager.ts'
import { startRedfishServer } from './redfish/server.ts'
import { createUsers } from './users.ts'

interface BmcAccount {
  name: string
  password: string
  /** IPMI's number: 2 user, 3 operator, 4 administrator (the default). */
  privilege?: number
}

export interface SimulatedBmcOptions {
  /** The machine that it is in; `lightChassis(number)` is one that needs no QEMU. */
  chassis: Chassis
  /** Where it listens; 127.0.0.1 by default. */
  address?: string
  /** UDP port of IPMI: 0, the default, takes a free one. */
  ipmiPort?: number
  /** Unix socket where the machine's own driver finds it; none by default. */
  systemSocket?: string
  /** TCP port of Redfish: 0, the default, takes a free one; null is a BMC without it. */
  redfishPort?: number | null
  /** How the BMC gets a disc; by default the address itself is what goes into the drive. */
  fetchMedia?: FetchMedia
  /** admin with password "secret" by default. */
  users?: BmcAccount[]
  /** 'dell' by default. */
  personality?: PersonalityName | Personality
  /** 20 bytes, for two-key logins. */
  kg?: Uint8Array
  faults?: Partial<BmcFaults>
  network?: Partial<BmcNetwork>
  now?: () => number
  /** Faults that are left to chance ask this one: a number from 0 to 1. */
  random?: () => number
}

export interface SimulatedBmc extends AsyncDisposable {
  readonly bmc: Bmc
  readonly address: string
  readonly ipmiPort: number
  /** Undefined when it was started without Redfish. */
  readonly redfishPort: number | undefined
  /** PEM of what Redfish shows. */
  readonly certificate: string | undefined
  /** IPMI logins at the moment. */
  ipmiSessionCount(): number
  close(): Promise<void>
}

const defaultAccount: BmcAccount = { name: 'admin', password: 'secret' }

/** A locally administered MAC for the BMC, made from its machine's UUID. */
function bmcMac(uuid: string): string {
  const digits = uuid.replaceAll('-', '').slice(0, 10).match(/../g) ?? []
  return ['02', ...digits].join(':')
}

/** Starts a BMC in this process. */
export async function startSimulatedBmc(options: SimulatedBmcOptions): Promise<SimulatedBmc> {
  const { chassis, address = '127.0.0.1', personality = 'dell' } = options
  const network: BmcNetwork = {
    address,
    netmask: '255.255.255.0',
    gateway: '0.0.0.0',
    mac: bmcMac(chassis.identity.uuid),
    source: 'static',
    ...options.network,
  }
  const bmc = new Bmc({
    chassis,
    personality: typeof personality === 'string' ? personalities[personality] : personality,
    users: createUsers(options.users ?? [defaultAccount]),
    network,
    kg: options.kg,
    ...(options.faults ? { faults: options.faults } : {}),
    ...(options.now ? { now: options.now } : {}),
  })
  const random = options.random ? { random: options.random } : {}
  const ipmi = await startIpmiServer({ bmc, address, port: options.ipmiPort ?? 0, ...random })
  const { fetchMedia = (url: string) => Promise.resolve(url), redfishPort = 0 } = options
  const redfish =
    redfishPort === null
      ? undefined
      : await startRedfishServer({ bmc, address, port: redfishPort, fetchMedia, ...random }).catch(
          async (error: unknown) => {
            await ipmi.close()
            throw error
          },
        )
  const { systemSocket } = options
  const system =
    systemSocket === undefined
      ? undefined
      : await startSystemInterface(systemSocket, (request) => ipmi.answerSystem(request))
  const close = async (): Promise<void> => {
    await system?.close()
    await redfish?.close()
    await ipmi.close()
    await bmc.close()
  }
  return {
    bmc,
    address,
    ipmiPort: ipmi.port,
    redfishPort: redfish?.port,
    certificate: redfish?.certificate,
    ipmiSessionCount: () => ipmi.sessionCount,
    close,
    [Symbol.asyncDispose]: close,
  }
}
