import type { SharingView } from '@dragonfly/schema/api'
import type { edges } from '@dragonfly/schema/db'
import { verifyRecipients } from '@dragonfly/schema/sealing'
import { commandLifetimeMs } from '@dragonfly/schema/state'
import type { SealingRecipient } from '@dragonfly/schema/wire'
import type { Deps, Person } from '../../deps.ts'
import { conflict, invalid } from '../../errors.ts'
import { signBmcOrder } from '../bmcs/orders.ts'
import { readBmc, renderSiteBmc } from '../bmcs/queries.ts'
import { issueCommand } from '../commands/dispatch.ts'
import {
  canOpen,
  isCurrent,
  listHolders,
  listSealedPasswords,
  listSharing,
  readEdgeRow,
  type SealedPassword,
} from './readers.ts'
import { readRecoveryKey, renderRecipients, type StoredRecoveryKey } from './recipients.ts'

type EdgeRow = typeof edges.$inferSelect

/** An edge is given this many at a time. */
const atOnce = 200
const staggerMs = 10_000

/**
 * Has the edges that can open a site's passwords seal them for one more edge, whose fingerprint a person read on the
 * edge itself. Nobody else becomes able to read them: each is sealed to who could open it, to that edge, and to the
 * recovery key.
 */
export async function sharePasswords(
  deps: Deps,
  person: Person,
  edgeId: string,
  fingerprint: string,
): Promise<SharingView> {
  const edge = await readEdgeRow(deps.db, edgeId)
  refuseEdge(edge, fingerprint)
  const { siteId } = edge
  const holders = await listHolders(deps.db, siteId)
  const sharing = await listSharing(deps.db, siteId)
  const recovery = await readRecoveryKey(deps.db)
  const open = (await listSealedPasswords(deps.db, siteId)).filter(
    ({ credentials }) => !isCurrent(edge, credentials),
  )
  const readable = open.filter(({ credentials }) => holders.some((each) => canOpen(each, credentials)))
  const wanted = readable.filter(({ machineId }) => !sharing.has(machineId))
  for (const [index, password] of wanted.entries()) {
    const readers = holders.filter((each) => each.edgeId === edgeId || canOpen(each, password.credentials))
    const delayMs = Math.floor(index / atOnce) * staggerMs
    await requestReseal(deps, person, { edge, password, readers, recovery, delayMs })
  }
  deps.live.publish([{ type: 'changed', entity: 'edge', id: edgeId }])
  return { asked: wanted.length, lost: open.length - readable.length }
}

function refuseEdge(edge: EdgeRow, fingerprint: string): void {
  if (edge.revokedAt !== null) throw conflict('edge-revoked', 'This edge was revoked: it is given nothing.')
  if (edge.sealingKey === null)
    throw conflict('edge-too-old', 'This edge has no key for passwords yet: update it, and it makes one.')
  if (edge.fingerprint !== fingerprint)
    throw invalid([
      {
        path: 'fingerprint',
        message:
          'That is not the fingerprint of the edge that enrolled here. Read it with `dragonfly-edge status` on the edge; if it still differs, revoke this one.',
      },
    ])
}

interface ResealRequest {
  edge: EdgeRow
  password: SealedPassword
  readers: EdgeRow[]
  recovery: StoredRecoveryKey | null
  delayMs: number
}

async function requestReseal(
  deps: Deps,
  person: Person,
  { edge, password, readers, recovery, delayMs }: ResealRequest,
): Promise<void> {
  const { siteId, hostname } = edge
  const { machineId } = password
  const bmc = await readBmc(deps.db, machineId)
  if (!bmc) return
  const recipients = renderRecipients(readers, recovery)
  const kids = await nameKeys(recipients)
  const issuedAt = deps.clock()
  await issueCommand(deps, {
    siteId,
    machineId,
    title: `Share the BMC’s password with ${hostname}`,
    lifetimeMs: commandLifetimeMs.reseal,
    createdBy: person.name,
    ...(delayMs ? { delayMs } : {}),
    build: async (orderId, expiresAt) => ({
      kind: 'credentials.reseal',
      machineId,
      bmc: renderSiteBmc(bmc),
      recipients,
      order: await signBmcOrder(deps, {
        orderId,
        siteId,
        machineId,
        bmcAddress: bmc.address,
        what: { action: 'reseal', kids },
        safety: 'safe',
        issuedAt,
        expiresAt,
      }),
    }),
  })
}

/** What the order names; each was verified when its edge told it. */
async function nameKeys(recipients: readonly SealingRecipient[]): Promise<string[]> {
  const checked = await verifyRecipients(recipients)
  if (checked.kind === 'refused')
    throw conflict(
      'recipient-not-signed',
      'The sealing key of an edge was not signed by it: revoke that edge.',
    )
  return checked.keys.map(({ kid }) => kid).sort()
}
