import { z } from 'zod'
import { deploymentStageNames } from '../state/stages.ts'
import { siteBmcSchema } from './bmc.ts'
import { commandSchema, sensorSchema } from './command.ts'
import { epochMsSchema, idSchema, sizeBytesSchema } from './common.ts'
import { journalEntrySchema } from './journal.ts'
import { maxSamplesPerFrame, sampleSchema } from './sample.ts'
import { signedSealingKeySchema } from './sealing.ts'

/** Frames larger than this are refused by both ends. */
export const maxFrameBytes = 1024 * 1024
/** An edge not heard for this long is lost. */
export const edgeLostAfterMs = 90_000
export const edgePingEveryMs = 25_000

/** Among the commands of a `hello`: it understands the frame `observe-dhcp`. */
export const observeDhcpAbility = 'dhcp.observe'
/** The same: it can become another version by itself. */
export const updateAbility = 'update'
/** The same: it can replace its identity key. */
export const replaceKeyAbility = 'key.replace'
/** The same: it follows links from one signer key to the next. */
export const signerLinksAbility = 'signer.links'

export const incompatibilities = ['edge-too-old', 'edge-too-new'] as const

/** Edge to control plane, over GET /api/edge/v1/tunnel (WebSocket, JSON text frames). */
export const edgeFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    /** The newest that it speaks. */
    protocol: z.number().int(),
    /** The oldest that it speaks; left out by an edge that speaks no other. */
    oldestProtocol: z.number().int().optional(),
    version: z.string().max(64),
    journalId: idSchema,
    generation: z.string().max(64).nullable(),
    stateVersion: z
      .number()
      .int()
      .nonnegative()
      .max(2 ** 48)
      .nullable(),
    now: epochMsSchema,
    /** Kinds of commands that it can carry out; an older edge knows none. */
    commands: z.array(z.string().max(64)).max(64).optional(),
    /** What is sealed to this edge from now on; left out by an older edge. */
    sealingKey: signedSealingKeySchema.optional(),
  }),
  z.object({
    type: z.literal('journal'),
    journalId: idSchema,
    entries: z.array(journalEntrySchema).min(1).max(200),
  }),
  /** Live values; may be lost. */
  z.object({
    type: z.literal('telemetry'),
    deployments: z.array(
      z.object({
        deploymentId: idSchema,
        stage: z.enum(deploymentStageNames),
        bytesDone: sizeBytesSchema,
        bytesTotal: sizeBytesSchema,
      }),
    ),
    images: z.array(
      z.object({
        imageId: idSchema,
        phase: z.enum(['downloading', 'verifying']),
        bytesDone: sizeBytesSchema,
        bytesTotal: sizeBytesSchema.nullable(),
        /** The edge of the same site that it comes from; left out where it comes from its source. */
        fromEdgeId: idSchema.optional(),
      }),
    ),
  }),
  /** What BMCs measured, a batch per minute; may be lost. `at` is the beginning of its minute. */
  z.object({
    type: z.literal('samples'),
    at: epochMsSchema,
    samples: z.array(sampleSchema).min(1).max(maxSamplesPerFrame),
  }),
  /** All sensors of one machine, now and then; may be lost. */
  z.object({
    type: z.literal('sensors'),
    machineId: idSchema,
    at: epochMsSchema,
    sensors: z.array(sensorSchema).max(1000),
  }),
  /** The edge acts on this version of the desired state now. */
  z.object({ type: z.literal('state-applied'), generation: z.string().max(64), version: z.number().int() }),
  z.object({ type: z.literal('ping') }),
])
export type EdgeFrame = z.infer<typeof edgeFrameSchema>

/** Control plane to edge. */
export const controlFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    /** What is spoken from now on: the newest that both know. */
    protocol: z.number().int(),
    /** Last journal entry taken from this journal; the edge goes on after it. */
    ackedSeq: z.number().int().nonnegative(),
    now: epochMsSchema,
  }),
  z.object({ type: z.literal('incompatible'), reason: z.enum(incompatibilities), message: z.string() }),
  z.object({ type: z.literal('ack'), journalId: idSchema, seq: z.number().int().nonnegative() }),
  /** The desired state changed: fetch it. */
  z.object({ type: z.literal('state-changed'), generation: z.string().max(64), version: z.number().int() }),
  /** Sent again until its result has arrived: the edge carries it out once. `deadline` is by the control plane's clock. */
  z.object({
    type: z.literal('command'),
    commandId: idSchema,
    deadline: epochMsSchema,
    command: commandSchema,
  }),
  /** Stop what goes on for a long time (`bmc.scan`); its result says how far it came. */
  z.object({ type: z.literal('cancel-command'), commandId: idSchema }),
  /** Somebody looks at a machine's serial console: open a socket for it (wire/console.ts). Not repeated, not kept. */
  z.object({
    type: z.literal('console-open'),
    consoleId: idSchema,
    machineId: idSchema,
    bmc: siteBmcSchema.nullable(),
  }),
  /** Listen for DHCP servers now, and tell what was heard: for edges that name `observeDhcpAbility`. */
  z.object({ type: z.literal('observe-dhcp') }),
  z.object({ type: z.literal('pong') }),
])
export type ControlFrame = z.infer<typeof controlFrameSchema>
