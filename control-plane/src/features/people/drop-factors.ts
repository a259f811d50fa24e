import { passkeys, session, twoFactor, user } from '@dragonfly/schema/db'
import { eq } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Database } from '../../database.ts'
import { deleteRecoveryCodes } from '../passkeys/recovery-codes.ts'

/** Takes a person's second factors, passkeys, recovery codes and sessions away. */
export async function dropFactors(db: Database, userId: string): Promise<void> {
  await runBatch(db, [
    db.update(user).set({ twoFactorEnabled: false }).where(eq(user.id, userId)),
    db.delete(twoFactor).where(eq(twoFactor.userId, userId)),
    db.delete(passkeys).where(eq(passkeys.userId, userId)),
    db.delete(session).where(eq(session.userId, userId)),
  ])
  await deleteRecoveryCodes({ db }, userId)
}
