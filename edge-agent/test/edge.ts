import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '@dragonfly/schema/log'
import type { HostInterface, JournalEntry, SiteEvent } from '@dragonfly/schema/wire'
import type { Database } from '../src/io/database.ts'
import { createControlPlane, createKeyDesk } from '../src/services/control-plane.ts'
import { type RunningEdge, startEdge } from '../src/services/edge.ts'
import type { EdgeOptions } from '../src/services/edge-parts.ts'
import { openIdentityKeys } from '../src/services/identity-keys.ts'
import { joinSite } from '../src/services/join.ts'
import { loadIdentity } from '../src/services/store/identity.ts'
import { openStore } from '../src/services/store/store.ts'
import { freeBootPorts } from './boot-responder-process.ts'
import { joinToken, startControlPlane, type TestControlPlane } from './control-plane.ts'

export const loopback: HostInterface = {
  name: 'lo',
  mac: '02:00:00:00:00:01',
  address: '127.0.0.1',
  prefixLength: 8,
  up: true,
}

/** A real edge, joined to a control plane of the test, on loopback ports. */
export interface EdgeUnderTest {
  control: TestControlPlane
  edge: RunningEdge
  database: Database
  dataDir: string
  clock: { aheadMs: number }
  /** Port of the boot responder's HTTP. */
  bootHttp: number
  warnings: string[]
  /** Stops the edge as a restart of its process would, and starts it again on the same data. */
  restart(): Promise<void>
  /** Waits for an event that fits to reach the control plane. */
  event<T extends SiteEvent['type']>(
    type: T,
    fits?: (event: Extract<SiteEvent, { type: T }>) => boolean,
  ): Promise<Extract<SiteEvent, { type: T }>>
  close(): Promise<void>
}

export async function startEdgeUnderTest(bmc?: EdgeOptions['bmc']): Promise<EdgeUnderTest> {
  const dataDir = await mkdtemp(join(tmpdir(), 'edge-test-'))
  const control = await startControlPlane()
  const joined = await joinSite({ url: control.url, token: joinToken, dataDir, force: false }, Date.now)
  if (joined.kind !== 'joined') throw new Error(joined.message)
  const clock = { aheadMs: 0 }
  const warnings: string[] = []
  const { dhcpServer, dhcpClient, bootServer, tftp, bootHttp } = await freeBootPorts()
  const start = async (database: Database): Promise<RunningEdge> => {
    const identity = await loadIdentity(database)
    if (!identity) throw new Error('it has joined')
    const desk = createKeyDesk(identity, Date.now)
    const keys = await openIdentityKeys({ dataDir, identity, desk, now: () => Date.now() })
    if (!keys) throw new Error('it has a key')
    const now = () => Date.now() + clock.aheadMs
    return startEdge({
      dataDir,
      database,
      identity,
      controlPlane: createControlPlane(identity, keys.current, Date.now),
      keys,
      now,
      random: Math.random,
      log: createLog({
        now: Date.now,
        level: 'warn',
        write: (text) => warnings.push(text),
      }),
      listInterfaces: async () => [loopback],
      ports: {
        agentHttp: 0,
        imageHttp: 0,
        responder: { dhcpServer, dhcpClient, bootServer, tftp, bootHttp },
      },
      reconnectMs: { first: 20, longest: 50 },
      ...(bmc ? { bmc } : {}),
    })
  }
  let database = await openStore(dataDir)
  const self: EdgeUnderTest = {
    control,
    database,
    dataDir,
    clock,
    bootHttp,
    warnings,
    edge: await start(database),
    restart: async () => {
      await self.edge.stop()
      database.close()
      database = await openStore(dataDir)
      self.database = database
      self.edge = await start(database)
    },
    event: (type, fits = () => true) =>
      until(() => {
        const found = control.entries.find(
          (entry): entry is JournalEntry & { event: Extract<SiteEvent, { type: typeof type }> } =>
            entry.event.type === type && fits(entry.event as Extract<SiteEvent, { type: typeof type }>),
        )
        return found?.event
      }, `event ${type}`),
    close: async () => {
      await self.edge.stop()
      await control.close()
      database.close()
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
  return self
}

/** Polls for a value; fails after ten seconds. */
export async function until<T>(
  read: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  what: string,
): Promise<T> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const value = await read()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
