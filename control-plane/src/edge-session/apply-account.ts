import { bmcs } from '@dragonfly/schema/db'
import { commandLifetimeMs } from '@dragonfly/schema/state'
import type { CommandResult, MachineCommand } from '@dragonfly/schema/wire'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { noBmcProblem, nothingKnown, readBmc, renderSiteBmc } from '../features/bmcs/queries.ts'
import { issueCommand } from '../features/commands/dispatch.ts'
import { findReaders } from '../features/sealing/readers.ts'
import { type Effect, noEffect } from './effect.ts'

/** Takes the account that a ramdisk made, or the default login that was let in: it is how this machine's BMC is reached from now on. */
export async function keepAccount(
  deps: Deps,
  { siteId }: EdgeIdentity,
  { machineId }: MachineCommand,
  { outcome, sealed, detail }: Pick<CommandResult, 'outcome' | 'sealed' | 'detail'>,
  at: number,
): Promise<Effect> {
  const isKept = detail?.kind === 'account' || detail?.kind === 'default-login'
  if (outcome !== 'done' || !sealed || !isKept) return noEffect
  const { address } = detail
  const before = await readBmc(deps.db, machineId)
  const isSame = before?.address === address
  const readers = await findReaders(deps.db, siteId, sealed)
  const reach = isSame ? {} : { ...nothingKnown, address, port: null, protocol: 'auto' as const, mac: null }
  const isWell = { ...noBmcProblem, hasDefaultLogin: detail.kind === 'default-login' }
  const values = { ...reach, ...isWell, credentials: sealed, readers, updatedAt: at }
  return {
    statements: [
      deps.db
        .insert(bmcs)
        .values({ machineId, siteId, createdAt: at, ...values, address })
        .onConflictDoUpdate({ target: bmcs.machineId, set: values }),
    ],
    live: [],
    bump: 'site',
    afterwards: () =>
      void lookAtIt(deps, siteId, machineId).catch((error) =>
        deps.log.error('a BMC could not be looked at', { machineId, error }),
      ),
  }
}

/** Over the LAN, with the new account: whether it works is seen at once. */
async function lookAtIt(deps: Deps, siteId: string, machineId: string): Promise<void> {
  const row = await readBmc(deps.db, machineId)
  if (!row) return
  await issueCommand(deps, {
    siteId,
    machineId,
    title: 'Look at the BMC',
    lifetimeMs: commandLifetimeMs.read,
    createdBy: null,
    build: async () => ({ kind: 'bmc.probe', machineId, bmc: renderSiteBmc(row) }),
  })
}
