import { timingSafeEqual } from 'node:crypto'
import type { Database } from '../../io/database.ts'
import { phoneHomeTokenHashes } from '../store/deployments.ts'
import { hashToken } from './orders.ts'
import type { DeploymentRunner } from './runner.ts'

const mostKeys = 8
const longestKey = 2000

/** Takes an installed OS's report; false when the deployment or its token is unknown (answer 404). */
export async function handlePhoneHome(
  { database, runner }: { database: Database; runner: DeploymentRunner },
  report: { deploymentId: string; token: string; address: string | null; body: string },
): Promise<boolean> {
  const given = Buffer.from(hashToken(report.token))
  const hashes = await phoneHomeTokenHashes(database, report.deploymentId)
  const known = hashes.filter((hash) => timingSafeEqual(Buffer.from(hash), given)).length > 0
  if (!known || !runner.get(report.deploymentId)) return false
  await runner.apply(report.deploymentId, {
    type: 'phone-home',
    address: report.address,
    sshHostKeys: parseHostKeys(report.body),
  })
  return true
}

/** The `pub_key_*` fields of cloud-init's form. */
function parseHostKeys(body: string): string[] {
  const keys: string[] = []
  for (const [name, value] of new URLSearchParams(body)) {
    const key = value.trim()
    if (name.startsWith('pub_key_') && /^[a-z0-9@.-]+ [A-Za-z0-9+/=]+/.test(key) && key.length <= longestKey)
      keys.push(key)
  }
  return keys.slice(0, mostKeys)
}
