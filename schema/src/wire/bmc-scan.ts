import { z } from 'zod'
import { maxScanAddresses } from '../state/bmc-scan.ts'
import { sha256Schema } from './common.ts'
import { ipv4Schema } from './dhcp.ts'

/** Of one `bmc.scan` event. */
export const maxScanRowsPerEvent = 64

const wordSchema = z.string().max(200)

/** What an address answered to who has no password. Nothing of it is proven. */
export const scanRowSchema = z.object({
  address: ipv4Schema,
  /** Null: nothing on UDP 623. */
  ipmi: z
    .object({
      hasIpmi20: z.boolean(),
      /** Ids of the cipher suites that it says it has; none where it does not say. */
      cipherSuites: z.array(z.number().int().min(0).max(255)).max(64),
      vendor: wordSchema.nullable(),
    })
    .nullable(),
  /** Null: no Redfish service on 443. */
  redfish: z
    .object({
      version: wordSchema.nullable(),
      vendor: wordSchema.nullable(),
      product: wordSchema.nullable(),
      /** Of the service, which is not always the machine's. */
      uuid: wordSchema.nullable(),
      /** SHA-256 (hex) of the certificate that was shown. */
      tlsPin: sha256Schema.nullable(),
    })
    .nullable(),
})
export type ScanRow = z.infer<typeof scanRowSchema>

export const scanRangeSchema = z.object({ first: ipv4Schema, last: ipv4Schema })

/** What a scan has found since the last word of it. */
export const scanFoundSchema = z.object({
  scanId: z.string().min(1).max(64),
  /** Addresses that were looked at so far. */
  addressesDone: z.number().int().min(0).max(maxScanAddresses),
  rows: z.array(scanRowSchema).max(maxScanRowsPerEvent),
})
