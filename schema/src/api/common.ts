import { z } from '@hono/zod-openapi'

export const idSchema = z.string().min(1).max(64)
export const epochMsSchema = z
  .number()
  .int()
  .openapi({ description: 'Milliseconds since 1970-01-01T00:00:00Z' })

/** RFC 9457 problem details; `code` is stable, `detail` says what to do. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    /** By which the server's log speaks of the request; also in the header `x-request-id`. */
    requestId: z.string().optional(),
    /** Which field is wrong, by path, when the input was invalid. */
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem')
export type Problem = z.infer<typeof problemSchema>

/**
 * A MAC address as people type it (`AA-BB-...`, `aabb.ccdd.eeff`, `aa:bb:...`), made lower-case with colons.
 * A group address (RFC 7042 section 2.1) names no machine.
 */
export const macInputSchema = z
  .string()
  .max(32)
  .transform((text, context) => {
    const digits = text.toLowerCase().replaceAll(/[^0-9a-z]/g, '')
    if (!/^[0-9a-f]{12}$/.test(digits)) {
      context.addIssue({
        code: 'custom',
        message: `"${text}" is not a MAC address: it has six pairs of hex digits, like 52:54:00:12:34:56.`,
      })
      return z.NEVER
    }
    if (Number.parseInt(digits.slice(0, 2), 16) & 1 || digits === '000000000000') {
      context.addIssue({
        code: 'custom',
        message: `"${text}" is a group or null address; a machine’s own MAC address is wanted.`,
      })
      return z.NEVER
    }
    return digits.replaceAll(/(..)(?!$)/g, '$1:')
  })
  .openapi({ type: 'string', example: '52:54:00:12:34:56' })

export const hostnameSchema = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
    'A host name has letters a to z, digits and hyphens, in labels of at most 63 joined by dots.',
  )

export const sshKeySchema = z
  .string()
  .max(8192)
  .transform((text) => text.trim())
  .refine(
    (text) =>
      /^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+) [A-Za-z0-9+/]+=*( .*)?$/.test(
        text,
      ) && !text.includes('\n'),
    {
      message:
        'An SSH public key is one line, like "ssh-ed25519 AAAA... name". (A private key must never be pasted here.)',
    },
  )
  .openapi({ type: 'string', example: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... ada@laptop' })
