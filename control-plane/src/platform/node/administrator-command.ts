import { user } from '@dragonfly/schema/db'
import { eq } from 'drizzle-orm'
import { createAuditLog } from '../../features/audit/log.ts'
import { dropFactors } from '../../features/people/drop-factors.ts'
import { createWayBack } from '../../features/people/way-back.ts'
import { requireDatabase } from './data-folder.ts'
import { openDatabase } from './database.ts'
import { readServerOptions, UsageError } from './options.ts'
import { say } from './say.ts'

/**
 * `dragonfly administrator reset-factors EMAIL`: the way back in for who lost all that they signed in with. It works
 * on the data folder, whether the server runs or not, and stands in the audit log.
 */
export async function runAdministrator(
  [action, email, ...more]: readonly string[],
  flags: { data?: string | undefined; 'public-url'?: string | undefined },
): Promise<void> {
  if (action !== 'reset-factors' || email === undefined || more.length > 0)
    throw new UsageError('administrator wants two words more: reset-factors EMAIL')
  const { dataDir, publicUrl, port } = readServerOptions(process.env, flags)
  requireDatabase(dataDir)
  const { db, close } = await openDatabase(dataDir)
  try {
    const [person] = await db
      .select({ userId: user.id, name: user.name, role: user.role, deactivatedAt: user.deactivatedAt })
      .from(user)
      .where(eq(user.email, email.toLowerCase()))
    if (person?.role !== 'administrator' || person.deactivatedAt !== null)
      throw new UsageError(
        `${email} is no active administrator: name one by the address that they sign in with`,
      )
    await dropFactors(db, person.userId)
    const link = await createWayBack(
      { db, clock: Date.now, publicUrl: (publicUrl ?? `http://localhost:${port}`).replace(/\/+$/, '') },
      person.userId,
    )
    await createAuditLog(db).append({
      at: Date.now(),
      actorKind: 'server',
      actorId: null,
      actorName: 'command line of the server',
      operation: 'resetMfa',
      subject: person.name,
      machineId: null,
      siteId: null,
      details: { userId: person.userId },
      clientAddress: null,
      outcome: 'done',
      status: 200,
      code: null,
    })
    say(`${person.name} is signed out everywhere, and has no second factor, passkey or recovery code left.`)
    say(`With this link, which works once and for a day, they make a new passkey or password:\n${link}`)
  } finally {
    close()
  }
}
