import { z } from '@hono/zod-openapi'
import { diskRuleSchema } from '../state/disk-rule.ts'
import { deploymentStatuses, machineStatuses } from '../state/machine.ts'
import { switchPositions } from '../state/safety.ts'
import { deploymentStageNames } from '../state/stages.ts'
import { ipv4Schema } from '../wire/dhcp.ts'
import { inventorySchema } from '../wire/inventory.ts'
import { bmcSummarySchema } from './bmc.ts'
import { countedMachines, countFits, isCounted, machineIdsSchema } from './bulk.ts'
import { epochMsSchema, hostnameSchema, idSchema, macInputSchema, sshKeySchema } from './common.ts'

const stageSchema = z.enum(deploymentStageNames)

export const deploymentViewSchema = z
  .object({
    deploymentId: idSchema,
    machineId: idSchema,
    machineName: z.string(),
    siteId: idSchema,
    imageId: idSchema,
    imageName: z.string(),
    templateId: idSchema,
    templateTitle: z.string(),
    hostname: z.string(),
    disk: diskRuleSchema,
    /** The disk that was chosen on the machine, once known. */
    chosenDisk: z.string().nullable(),
    status: z.enum(deploymentStatuses),
    stage: stageSchema,
    attempt: z.number().int(),
    bytesDone: z.number().int().nullable(),
    bytesTotal: z.number().int().nullable(),
    /** Asked for, and not yet confirmed by the site. */
    abortRequested: z.boolean(),
    failure: z.object({ reason: z.string(), message: z.string(), nextStep: z.string() }).nullable(),
    address: z.string().nullable(),
    sshHostKeys: z.array(z.string()),
    /** Recorded of its serial console; 0: nothing. */
    consoleBytes: z.number().int(),
    createdBy: z.string().nullable(),
    createdAt: epochMsSchema,
    /** When the machine was first seen for this deployment: its timers start here. */
    startedAt: epochMsSchema.nullable(),
    endedAt: epochMsSchema.nullable(),
    armedUntil: epochMsSchema,
    /** Every stage entered, in order, with retries. */
    timeline: z.array(
      z.object({
        stage: stageSchema,
        attempt: z.number().int(),
        startedAt: epochMsSchema,
        endedAt: epochMsSchema.nullable(),
        note: z.string().nullable(),
        /** What a person at the machine is asked to do, before it goes on. */
        waitingFor: z.string().nullable(),
      }),
    ),
  })
  .openapi('Deployment')
export type DeploymentView = z.infer<typeof deploymentViewSchema>

/** What deploying one machine and deploying many have in common. */
const deploymentChoices = {
  imageId: idSchema,
  templateId: idSchema.optional().openapi({ description: 'The built-in one when left out' }),
  disk: diskRuleSchema,
  sshKeys: z.array(sshKeySchema).max(64),
  user: z
    .string()
    .regex(
      /^[a-z_][a-z0-9_-]{0,31}$/,
      'A user name starts with a letter, and has lower-case letters, digits, _ and -.',
    )
    .optional()
    .openapi({ description: 'The administrator created on the machine; `dragonfly` when left out' }),
  /** cloud-init network configuration version 2, as YAML; DHCP on the boot NIC when left out. */
  networkConfig: z
    .string()
    .max(64 * 1024)
    .optional(),
  /** Hours that it stays armed while the machine is not seen. */
  armedHours: z
    .number()
    .min(0.1)
    .max(24 * 14)
    .optional(),
}

export const deploymentCreateSchema = z
  .object({ machineId: idSchema, hostname: hostnameSchema, ...deploymentChoices })
  .openapi('DeploymentCreate')

export const machineViewSchema = z
  .object({
    machineId: idSchema,
    siteId: idSchema,
    siteName: z.string(),
    /** What a person set; else the host name it was deployed with; else its four words. */
    name: z.string(),
    fourWords: z.string(),
    kind: z.enum(['metal', 'vm', 'unknown']),
    status: z.enum(machineStatuses),
    adopted: z.boolean(),
    locked: z.boolean(),
    lockedAt: epochMsSchema.nullable(),
    lockedBy: z.string().nullable(),
    lockReason: z.string().nullable(),
    /** Whether every edge of the site knows of the lock; until then only the control plane refuses. */
    lockConfirmed: z.boolean(),
    /** `off`: switched off for its site, or for all. */
    powerControl: z.enum(switchPositions),
    reimage: z.enum(switchPositions),
    macs: z.array(z.string()),
    address: z.string().nullable(),
    /** Given to its primary NIC by edges that give out addresses. */
    reservedAddress: z.string().nullable(),
    smbiosUuid: z.string().nullable(),
    serial: z.string().nullable(),
    manufacturer: z.string().nullable(),
    product: z.string().nullable(),
    cpuModel: z.string().nullable(),
    cpuThreads: z.number().int().nullable(),
    memoryBytes: z.number().int().nullable(),
    diskBytes: z.number().int().nullable(),
    tags: z.array(z.string()),
    roles: z.array(z.string()),
    rackName: z.string().nullable(),
    rackUnit: z.number().int().nullable(),
    /** The ramdisk is up on it right now, and waits for work. */
    ramdiskConnected: z.boolean(),
    /** Null where none is known. */
    bmc: z.union([bmcSummarySchema, z.null()]),
    os: z.string().nullable(),
    deployment: z.union([deploymentViewSchema, z.null()]),
    firstSeenAt: epochMsSchema.nullable(),
    lastSeenAt: epochMsSchema.nullable(),
    createdAt: epochMsSchema,
  })
  .openapi('Machine')
export type MachineView = z.infer<typeof machineViewSchema>

export const machineDetailSchema = machineViewSchema
  .extend({
    inventory: inventorySchema.nullable(),
    inventoryAt: epochMsSchema.nullable(),
    deployments: z.array(deploymentViewSchema),
  })
  .openapi('MachineDetail')
export type MachineDetail = z.infer<typeof machineDetailSchema>

const tagSchema = z.string().trim().min(1).max(64)
export const machineCreateSchema = z
  .object({
    siteId: idSchema,
    mac: macInputSchema,
    name: hostnameSchema.optional(),
    tags: z.array(tagSchema).max(64).optional(),
  })
  .openapi('MachineCreate')
export const machinePatchSchema = z
  .object({
    name: hostnameSchema.nullable().optional(),
    tags: z.array(tagSchema).max(64).optional(),
    roles: z.array(tagSchema).max(64).optional(),
    reservedAddress: ipv4Schema.nullable().optional(),
  })
  .openapi('MachinePatch')
export const machineLockSchema = z
  .object({ reason: z.string().trim().max(500, 'At most 500 characters, please.').optional() })
  .openapi('MachineLock')
export const machineAdoptSchema = z.object({ name: hostnameSchema.optional() }).openapi('MachineAdopt')

/** What deleting or netbooting a machine leads to; shown before a person confirms. */
export const deleteResultSchema = z
  .object({ machineId: idSchema, nextNetboot: z.string() })
  .openapi('MachineDeleted')

export const logViewSchema = z
  .object({
    lines: z.array(
      z.object({
        id: z.number().int(),
        at: epochMsSchema,
        level: z.enum(['debug', 'info', 'warning', 'error']),
        text: z.string(),
        deploymentId: z.string().nullable(),
      }),
    ),
    /** Pass as `after` to get what came since. */
    next: z.number().int(),
  })
  .openapi('Log')
export type LogView = z.infer<typeof logViewSchema>

export const machinesDeleteSchema = z
  .object(countedMachines)
  .refine(countFits, isCounted)
  .openapi('MachinesDelete')
export const machinesDeploySchema = z
  .object({
    ...countedMachines,
    hostnames: z
      .record(idSchema, hostnameSchema)
      .optional()
      .openapi({ description: 'By machine id; a machine that is left out keeps its name' }),
    ...deploymentChoices,
  })
  .refine(countFits, isCounted)
  .openapi('MachinesDeploy')
export const machinesLockSchema = z
  .object({ machineIds: machineIdsSchema, ...machineLockSchema.shape })
  .openapi('MachinesLock')
export const machinesAdoptSchema = z.object({ machineIds: machineIdsSchema }).openapi('MachinesAdopt')
export const machinesAbortSchema = z.object({ machineIds: machineIdsSchema }).openapi('MachinesAbort')
export const machinesUnlockSchema = z.object({ machineIds: machineIdsSchema }).openapi('MachinesUnlock')
export const machinesTagSchema = z
  .object({
    machineIds: machineIdsSchema,
    add: z.array(tagSchema).max(64).optional(),
    remove: z.array(tagSchema).max(64).optional(),
  })
  .openapi('MachinesTag')

export const bulkOutcomes = ['done', 'queued', 'refused', 'failed'] as const
export const bulkResultSchema = z
  .object({
    /** One verdict for each machine, in the order in which they were named. */
    items: z.array(
      z.object({
        machineId: idSchema,
        /** As it was called before; null for one that is not there. */
        name: z.string().nullable(),
        /** `queued`: it is done when its turn comes. `failed`: our own mistake, and the log has the details. */
        outcome: z.enum(bulkOutcomes),
        /** Why not; stable. */
        code: z.string().nullable(),
        message: z.string().nullable(),
      }),
    ),
  })
  .openapi('BulkResult')
export type BulkResult = z.infer<typeof bulkResultSchema>
export type BulkVerdict = BulkResult['items'][number]
