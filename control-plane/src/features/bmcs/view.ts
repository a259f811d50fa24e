import type { BmcView } from '@dragonfly/schema/api'
import { bmcCapabilities } from '@dragonfly/schema/state'
import type { BmcRow } from './queries.ts'

/** The ciphertext stays here: nobody but an edge has any use for it. */
export function renderBmc(row: BmcRow): BmcView {
  const { credentials, capabilities, siteId: _siteId, nicMacs: _nicMacs, ...view } = row
  return {
    ...view,
    hasCredentials: credentials !== null,
    capabilities: bmcCapabilities.flatMap((capability) => {
      const found = capabilities[capability]
      if (!found) return []
      const driver = 'driver' in found ? found.driver : null
      return [{ capability, driver, failures: 'failures' in found ? found.failures : [] }]
    }),
  }
}
