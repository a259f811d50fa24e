import { z } from 'zod'
import { bmcAddressSchema } from './bmc.ts'
import {
  epochMsSchema,
  idSchema,
  macSchema,
  sentenceSchema,
  sha256Schema,
  sizeBytesSchema,
} from './common.ts'
import { diskSchema, inventorySchema } from './inventory.ts'
import { logLineSchema } from './journal.ts'
import { planSchema } from './plan.ts'

/** Reasons an order can fail with in the ramdisk. `stages.ts` has the sentence and the next step for each. */
export const agentFailureReasons = [
  'no-matching-disk',
  'disk-too-small',
  'disk-busy',
  'disk-write-error',
  'chunk-corrupt',
  'chunk-missing',
  'image-server-unreachable',
  'verify-mismatch',
  'no-root-filesystem',
  'seed-write-error',
  'order-refused',
  'aborted',
  'internal',
] as const

/** Ramdisk to edge. The first frame is hello. */
export const agentFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    protocol: z.number().int(),
    mac: macSchema,
    /** The boot's one-time token from the kernel command line. */
    token: z.string().max(1000).nullable(),
    /** On a reconnect: what `welcome` gave. */
    session: z.string().max(200).nullable(),
    agentVersion: z.string().max(64),
    /** The order this boot is at work on or has ended, so that an edge that restarted picks it up. */
    orderId: idSchema.nullable(),
  }),
  z.object({ type: z.literal('inventory'), inventory: inventorySchema }),
  z.object({ type: z.literal('log'), lines: z.array(logLineSchema).min(1).max(200) }),
  z.object({
    type: z.literal('stage'),
    orderId: idSchema,
    stage: z.enum(['writing', 'configuring']),
    disk: diskSchema.nullable(),
  }),
  z.object({
    type: z.literal('progress'),
    orderId: idSchema,
    bytesDone: sizeBytesSchema,
    bytesTotal: sizeBytesSchema,
  }),
  /** Repeated until the edge answers with `restart` (done) or `result-taken`. */
  z.object({ type: z.literal('result'), orderId: idSchema, outcome: z.literal('done') }),
  z.object({
    type: z.literal('failed'),
    orderId: idSchema,
    reason: z.enum(agentFailureReasons),
    message: sentenceSchema,
    /** The chunk that could not be had whole, for `chunk-corrupt` and `chunk-missing`. */
    chunk: sha256Schema.nullable(),
  }),
  /** What came of `create-bmc-account`. The password is seen by nobody but the edge, which seals it. */
  z.object({
    type: z.literal('bmc-account'),
    requestId: idSchema,
    account: z
      .object({
        address: bmcAddressSchema,
        username: z.string().max(16),
        password: z.string().min(8).max(20),
      })
      .nullable(),
    /** Why there is none. */
    message: sentenceSchema.nullable(),
  }),
  z.object({ type: z.literal('ping') }),
])
export type AgentFrame = z.infer<typeof agentFrameSchema>
export type AgentFailureReason = (typeof agentFailureReasons)[number]

/** Edge to ramdisk. */
export const edgeToAgentFrameSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('welcome'), session: z.string(), now: epochMsSchema }),
  z.object({ type: z.literal('refused'), reason: z.string(), message: z.string() }),
  z.object({
    type: z.literal('order'),
    orderId: idSchema,
    deploymentId: idSchema,
    /** Newer than any this boot has seen, or it is refused. */
    epoch: z.number().int().positive(),
    /** With every reference filled in. */
    plan: planSchema,
    /** `http://ip:6871`: GET /manifests/<digest> and /chunks/<sha256> below it. */
    imageServers: z.array(z.string().max(200)).min(1).max(8),
  }),
  z.object({ type: z.literal('abort'), orderId: idSchema }),
  /** Local boot has been arranged (or there is nothing more to do): restart now. */
  z.object({ type: z.literal('restart'), reason: z.string() }),
  z.object({ type: z.literal('result-taken'), orderId: idSchema }),
  /** Asked for by a person: an account on the BMC of this machine, made through its driver. */
  z.object({
    type: z.literal('create-bmc-account'),
    requestId: idSchema,
    username: z.string().regex(/^[a-z]{1,16}$/),
  }),
  z.object({ type: z.literal('pong') }),
])
export type EdgeToAgentFrame = z.infer<typeof edgeToAgentFrameSchema>
