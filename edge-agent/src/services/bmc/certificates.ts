import type { Log } from '@dragonfly/schema/log'
import type { SiteEvent } from '@dragonfly/schema/wire'

/**
 * Tells of certificates that are not those which BMCs are held to, each once, and when the right one is back. A driver
 * meets them at every try; where another driver steps in, nobody else would notice.
 */
export function createCertificateNotices(
  report: (event: SiteEvent) => Promise<void>,
  warn: Log['warn'],
): (machineId: string, tlsPin: string | null) => void {
  const told = new Map<string, string>()
  return (machineId, tlsPin) => {
    if ((told.get(machineId) ?? null) === tlsPin) return
    if (tlsPin === null) told.delete(machineId)
    else told.set(machineId, tlsPin)
    report({ type: 'bmc.certificate', machineId, tlsPin }).catch((error: unknown) =>
      warn("A BMC's certificate could not be told of.", { error }),
    )
  }
}
