import { z } from 'zod'
import { sealedCredentialsSchema } from './sealing.ts'

/** What `dragonfly-edge recover` reads: ciphertext only. GET /api/v1/sealed-credentials */
export const sealedExportSchema = z.object({
  format: z.literal(1),
  exportedAt: z.number().int(),
  items: z
    .array(
      z.object({
        siteName: z.string(),
        machineId: z.string(),
        machineName: z.string().nullable(),
        address: z.string(),
        credentials: sealedCredentialsSchema,
      }),
    )
    .max(100_000),
})
