import type { BmcView, bmcAdoptSchema, bmcInputSchema, MachineDetail } from '@dragonfly/schema/api'
import { macInputSchema } from '@dragonfly/schema/api'
import { bmcs, machines } from '@dragonfly/schema/db'
import { eq } from 'drizzle-orm'
import type { z } from 'zod'
import { runBatch, runGuardedBatch } from '../../batch.ts'
import type { Deps, Person } from '../../deps.ts'
import { invalid, notFound } from '../../errors.ts'
import { createId } from '../../ids.ts'
import { getMachine, publishMachine, refuseTakenName } from '../machines/service.ts'
import { findReaders } from '../sealing/readers.ts'
import { readSite } from '../sites/service.ts'
import { bumpSite } from '../sites/site-version.ts'
import { probeBmc } from './operations.ts'
import { noBmcProblem, nothingKnown, readBmc } from './queries.ts'
import { refuseTakenAddress } from './taken-address.ts'
import { renderBmc } from './view.ts'

type BmcInput = z.output<typeof bmcInputSchema>
type BmcAdopt = z.output<typeof bmcAdoptSchema>

export async function getBmc(deps: Deps, machineId: string): Promise<BmcView> {
  const row = await readBmc(deps.db, machineId)
  if (!row) throw notFound('BMC')
  return renderBmc(row)
}

/**
 * Sets how a machine's power is reached, and has the site look at it. What was known of another address is forgotten,
 * credentials above all: they are sealed for one address.
 */
export async function setBmc(
  deps: Deps,
  person: Person,
  machineId: string,
  input: BmcInput,
): Promise<BmcView> {
  const machine = await getMachine(deps, machineId)
  const reach = readReach(input)
  await refuseTakenAddress(deps, machine.siteId, reach, machineId)
  const before = await readBmc(deps.db, machineId)
  const isSame = before?.address === reach.address && before.port === reach.port
  const now = deps.clock()
  const kept = isSame ? {} : nothingKnown
  const credentials =
    input.credentials === undefined && isSame ? before.credentials : (input.credentials ?? null)
  // Who reads a password knows it until another one is entered.
  const readers = input.credentials
    ? await findReaders(deps.db, machine.siteId, input.credentials)
    : (before?.readers ?? [])
  const accepted = input.acceptCertificate
  const isDecided = accepted !== undefined || input.forgetCertificate === true
  const certificate = isDecided ? { tlsPin: accepted ?? null, refusedTlsPin: null } : {}
  const values = {
    ...reach,
    ...kept,
    ...certificate,
    credentials,
    readers,
    ...(input.credentials === undefined && isSame ? {} : { hasDefaultLogin: false }),
    ...noBmcProblem,
    updatedAt: now,
  }
  await runBatch(deps.db, [
    deps.db
      .insert(bmcs)
      .values({ machineId, siteId: machine.siteId, createdAt: now, ...values })
      .onConflictDoUpdate({ target: bmcs.machineId, set: values }),
    bumpSite(deps.db, machine.siteId),
  ])
  await publishMachine(deps, machineId, machine.siteId)
  await probeBmc(deps, person, machineId)
  return getBmc(deps, machineId)
}

export async function removeBmc(deps: Deps, machineId: string): Promise<void> {
  const machine = await getMachine(deps, machineId)
  const gone = await deps.db
    .delete(bmcs)
    .where(eq(bmcs.machineId, machineId))
    .returning({ machineId: bmcs.machineId })
  if (gone.length === 0) throw notFound('BMC')
  await runBatch(deps.db, [bumpSite(deps.db, machine.siteId)])
  await publishMachine(deps, machineId, machine.siteId)
}

/**
 * Takes in a machine of which nothing but its BMC's address is known. Credentials follow by `setBmc`: they are sealed
 * for a machine, which has an id only now.
 */
export async function adoptBmc(deps: Deps, input: BmcAdopt): Promise<MachineDetail> {
  const site = await readSite(deps, input.siteId)
  const { siteId } = site
  const reach = readReach(input)
  await refuseTakenAddress(deps, siteId, reach, null)
  if (input.name) await refuseTakenName(deps, siteId, input.name, null)
  const now = deps.clock()
  const machineId = createId(now)
  const done = await runGuardedBatch(deps.db, [
    deps.db.insert(machines).values({
      machineId,
      siteId,
      name: input.name ?? null,
      kind: 'metal',
      adoptedAt: now,
      createdAt: now,
    }),
    deps.db.insert(bmcs).values({ machineId, siteId, createdAt: now, updatedAt: now, ...reach }),
    bumpSite(deps.db, siteId),
  ])
  if (!done) throw notFound('site')
  await publishMachine(deps, machineId, siteId)
  return getMachine(deps, machineId)
}

function readReach(input: Pick<BmcInput, 'address' | 'port' | 'protocol' | 'mac'>) {
  const { port = null, protocol = 'auto', mac = null } = input
  if (protocol !== 'wake-on-lan') return { address: input.address, port, protocol, mac }
  const woken = macInputSchema.safeParse(input.address)
  if (!woken.success)
    throw invalid([{ path: 'address', message: 'For Wake-on-LAN, the address is the MAC address to wake.' }])
  return { address: woken.data, port: null, protocol, mac: woken.data }
}
