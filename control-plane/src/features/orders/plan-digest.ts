import type { Plan } from '@dragonfly/schema/wire'
import canonicalize from 'canonicalize'
import { sha256Hex } from '../../ids.ts'

/** SHA-256 of the plan's RFC 8785 canonical JSON, in lower-case hex. */
export async function planDigest(plan: Plan): Promise<string> {
  const text = canonicalize(plan)
  if (text === undefined) throw new Error('a plan is JSON')
  return sha256Hex(text)
}
