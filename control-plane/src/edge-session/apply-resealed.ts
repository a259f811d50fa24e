import { bmcs } from '@dragonfly/schema/db'
import { recipientKids, verifyRecipients } from '@dragonfly/schema/sealing'
import type { CommandResult, MachineCommand } from '@dragonfly/schema/wire'
import { and, eq } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { findReaders } from '../features/sealing/readers.ts'
import { type Effect, noEffect } from './effect.ts'

/**
 * Takes what an edge sealed anew: only for who was to get it, and only while nobody entered another password. Who
 * could read it before stays noted.
 */
export async function keepResealed(
  deps: Deps,
  edge: EdgeIdentity,
  command: MachineCommand | null,
  { outcome, sealed }: Pick<CommandResult, 'outcome' | 'sealed'>,
): Promise<Effect> {
  if (command?.kind !== 'credentials.reseal' || outcome !== 'done' || !sealed) return noEffect
  const { machineId, recipients, bmc } = command
  const before = bmc?.credentials
  const checked = await verifyRecipients(recipients)
  if (!before || checked.kind === 'refused') return noEffect
  const kids = recipientKids(sealed)
  if (!checked.keys.every(({ kid }) => kids.includes(kid))) return noEffect
  const isUnchanged = and(eq(bmcs.machineId, machineId), eq(bmcs.credentials, before))
  const [row] = await deps.db.select({ readers: bmcs.readers }).from(bmcs).where(isUnchanged)
  if (!row) return noEffect
  const sealedTo = recipients.flatMap((each) => (each.kind === 'edge' ? [each.edgeId] : []))
  const readers = [...row.readers, ...(await findReaders(deps.db, edge.siteId, before)), ...sealedTo]
  return {
    statements: [
      deps.db
        .update(bmcs)
        .set({ credentials: sealed, readers: [...new Set(readers)] })
        .where(isUnchanged),
    ],
    live: sealedTo.map((id) => ({ type: 'changed', entity: 'edge', id })),
    bump: 'site',
  }
}
