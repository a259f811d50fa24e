import type { ConfirmationView } from '@dragonfly/schema/api'
import { confirmations } from '@dragonfly/schema/db'
import {
  confirmationLifetimeMs,
  confirmationMinimumAgeMs,
  type DestructiveOperation,
  destructiveOperations,
} from '@dragonfly/schema/state'
import canonicalize from 'canonicalize'
import { and, eq, gt, lt, lte } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { AppError, invalid } from '../../errors.ts'
import { createToken, sha256Hex } from '../../ids.ts'

export interface Confirmable {
  operation: DestructiveOperation
  targets: Record<string, unknown>
  /** The session that asks. */
  boundTo: string
}

/** Begins a confirmation: usable after a minimum age, once, by the same session, for exactly these targets. */
export async function createConfirmation(deps: Deps, input: Confirmable): Promise<ConfirmationView> {
  const wanted = [...destructiveOperations[input.operation]].sort()
  if (Object.keys(input.targets).sort().join() !== wanted.join()) {
    throw invalid([
      { path: 'targets', message: `The targets of ${input.operation} are ${wanted.join(', ')}.` },
    ])
  }
  const now = deps.clock()
  const confirmationId = createToken('dfc_')
  const times = { notBefore: now + confirmationMinimumAgeMs, expiresAt: now + confirmationLifetimeMs }
  await deps.db.batch([
    deps.db.delete(confirmations).where(lt(confirmations.expiresAt, now)),
    deps.db.insert(confirmations).values({
      confirmationHash: await sha256Hex(confirmationId),
      boundTo: input.boundTo,
      operation: input.operation,
      targets: renderTargets(input.targets),
      ...times,
    }),
  ])
  return { confirmationId, ...times, waitMs: confirmationMinimumAgeMs }
}

/** Uses a confirmation up. Throws when it is not one for this, or not yet, or no longer. */
export async function takeConfirmation(
  deps: Deps,
  confirmationId: string,
  input: Confirmable,
): Promise<void> {
  const now = deps.clock()
  const confirmationHash = await sha256Hex(confirmationId)
  const taken = await deps.db
    .delete(confirmations)
    .where(
      and(
        eq(confirmations.confirmationHash, confirmationHash),
        eq(confirmations.boundTo, input.boundTo),
        eq(confirmations.operation, input.operation),
        eq(confirmations.targets, renderTargets(input.targets)),
        lte(confirmations.notBefore, now),
        gt(confirmations.expiresAt, now),
      ),
    )
    .returning({ operation: confirmations.operation })
  if (taken.length > 0) return
  const [early] = await deps.db
    .select({ notBefore: confirmations.notBefore })
    .from(confirmations)
    .where(and(eq(confirmations.confirmationHash, confirmationHash), gt(confirmations.notBefore, now)))
  throw early
    ? refuse(
        'confirmation-too-early',
        `A confirmation can be used ${confirmationMinimumAgeMs / 1000} s after it was begun: hold longer.`,
      )
    : refuse(
        'confirmation-invalid',
        'This confirmation was used already, has expired, or was given for something else: confirm again.',
      )
}

export function confirmationRequired(): AppError {
  return refuse(
    'confirmation-required',
    'Safe mode is enabled, and this is potentially dangerous: confirm it (POST /api/v1/confirmations), or switch to power mode.',
  )
}

function refuse(code: string, message: string): AppError {
  return new AppError({ code, status: 428, message })
}

function renderTargets(targets: Record<string, unknown>): string {
  return canonicalize(targets) ?? ''
}
