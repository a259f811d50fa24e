import type { ScanRow } from '@dragonfly/schema/wire'
import { asResource, textAt } from './resource.ts'
import { chooseVendorRules } from './vendors.ts'

/** An answer to `GET /redfish/v1/`, which anybody may read (DSP0266 §13.3.5); some BMCs refuse even that. */
export interface ServiceRootAnswer {
  status: number
  headers: Readonly<Record<string, string>>
  text: string
  tlsPin: string | null
}

const longest = 200

/** Null where it is some other web server. */
export function readServiceRoot({ status, headers, text, tlsPin }: ServiceRootAnswer): ScanRow['redfish'] {
  if (status === 401 || status === 403)
    return headers['odata-version'] === undefined
      ? null
      : { version: null, vendor: null, product: null, uuid: null, tlsPin }
  if (status !== 200) return null
  const root = asResource(parseJson(text))
  const version = textAt(root, 'RedfishVersion')
  if (version === null && !/ServiceRoot/.test(textAt(root, '@odata.type') ?? '')) return null
  const short = (word: string | null) => word?.slice(0, longest) ?? null
  return {
    version: short(version),
    vendor: short(chooseVendorRules(root).name),
    product: short(textAt(root, 'Product')),
    uuid: short(textAt(root, 'UUID'))?.toLowerCase() ?? null,
    tlsPin,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
