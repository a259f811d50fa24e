import { dhcpLeaseSchema, macSchema, sentenceSchema } from '@dragonfly/schema/wire'
import { z } from 'zod'

const uuid = z.string().max(64).optional()
const address = z.string().max(64)
const atMs = z.number()

/** What the boot responder tells, as far as the supervisor acts on it (see protocol/boot-messages.ts). */
const bootEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('dhcp'),
    atMs,
    mac: macSchema,
    architectures: z.array(z.number().int()),
    isIpxe: z.boolean(),
    uuid,
    answer: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('answered') }),
      z.object({ kind: z.literal('ignored'), reason: z.string() }),
    ]),
  }),
  z.object({
    kind: z.literal('boot-file'),
    atMs,
    name: z.string(),
    address,
    mac: macSchema.optional(),
    outcome: z.string(),
  }),
  z.object({
    kind: z.literal('script'),
    atMs,
    mac: macSchema,
    uuid,
    address,
    decision: z.enum(['ramdisk', 'discover', 'local', 'hold', 'ignore']),
  }),
  z.object({ kind: z.enum(['kernel-fetched', 'initrd-fetched']), atMs, mac: macSchema, address }),
])
export type SeenBootEvent = z.infer<typeof bootEventSchema>

export const fromResponderSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), version: z.number(), listeners: z.array(z.string()) }),
  // One that can't be read takes no other with it.
  z.object({ type: z.literal('events'), events: z.array(bootEventSchema.nullable().catch(null)).max(200) }),
  z.object({ type: z.literal('leases'), leases: z.array(dhcpLeaseSchema).min(1).max(200) }),
  z.object({ type: z.literal('stats'), counters: z.record(z.string(), z.number()) }),
  z.object({ type: z.literal('problem'), problem: z.string(), about: z.string(), message: sentenceSchema }),
  z.object({ type: z.literal('problem-cleared'), about: z.string() }),
])
