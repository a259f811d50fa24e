import { z } from '@hono/zod-openapi'

/** 64 hex digits for SHA-256, 128 for SHA-512; a whole line of a SHA256SUMS file is understood too. */
export const checksumTextSchema = z
  .string()
  .max(1000)
  .transform((text, context) => {
    const value = text.trim().split(/\s+/)[0]?.toLowerCase() ?? ''
    if (/^[0-9a-f]{64}$/.test(value)) return { algorithm: 'sha256' as const, value }
    if (/^[0-9a-f]{128}$/.test(value)) return { algorithm: 'sha512' as const, value }
    context.addIssue({
      code: 'custom',
      message:
        'A checksum is 64 hex digits (SHA-256) or 128 (SHA-512); the publisher lists it beside the image.',
    })
    return z.NEVER
  })
  .openapi({ type: 'string' })
