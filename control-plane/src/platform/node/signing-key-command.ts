import { createAuditLog } from '../../features/audit/log.ts'
import { signerGoodForMs } from '../../features/orders/signer.ts'
import { readSigner, replaceKey } from '../../features/signing-key/replace-key.ts'
import { requireDatabase } from './data-folder.ts'
import { openDatabase } from './database.ts'
import { readDataDir, UsageError } from './options.ts'
import { say } from './say.ts'
import { openSecrets } from './secrets.ts'

/** `dragonfly signing-key show|replace`: on the data folder, whether the server runs or not. */
export async function runSigningKey(
  [action, ...more]: readonly string[],
  flags: { data?: string | undefined; stolen?: boolean | undefined },
): Promise<void> {
  if ((action !== 'show' && action !== 'replace') || more.length > 0)
    throw new UsageError('signing-key wants one word more: show or replace')
  const dataDir = readDataDir(flags)
  requireDatabase(dataDir)
  const { db, close } = await openDatabase(dataDir)
  try {
    const deps = { db, secrets: await openSecrets(dataDir), clock: Date.now }
    if (action === 'replace') await replace(deps, flags.stolen === true)
    const { stored } = await readSigner(deps)
    const since = stored.createdAt === null ? '' : `, since ${new Date(stored.createdAt).toISOString()}`
    say(`Orders are signed with ${stored.kid}${since}.`)
    for (const { kid, until } of stored.earlier)
      say(`What ${kid} signed counts until ${new Date(until).toISOString()}.`)
  } finally {
    close()
  }
}

async function replace(deps: Parameters<typeof replaceKey>[0], isStolen: boolean): Promise<void> {
  const { stored } = await readSigner(deps)
  if (!(await replaceKey(deps, { replaces: stored.kid, isStolen })))
    throw new UsageError(
      'the key was replaced by somebody else meanwhile: look with `dragonfly signing-key show`',
    )
  await createAuditLog(deps.db).append({
    at: deps.clock(),
    actorKind: 'server',
    actorId: null,
    actorName: 'command line of the server',
    operation: 'replaceSigningKey',
    subject: null,
    machineId: null,
    siteId: null,
    details: { replaces: stored.kid, isStolen },
    clientAddress: null,
    outcome: 'done',
    status: 200,
    code: null,
  })
  say(`Replaced. A running server signs with the new key within ${signerGoodForMs / 1000} s; edges follow.`)
}
