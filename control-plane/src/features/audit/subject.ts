import { deployments, edges, images, machineMacs, machines, sites, templates } from '@dragonfly/schema/db'
import { fourWords } from '@dragonfly/schema/state'
import { desc, eq } from 'drizzle-orm'
import type { Database } from '../../database.ts'

/** Ids that say what an operation acts on; of a request or an answer nothing else is taken unasked. */
const targetIds = [
  'machineId',
  'deploymentId',
  'siteId',
  'edgeId',
  'imageId',
  'templateId',
  'userId',
] as const
type TargetId = (typeof targetIds)[number]
export type Targets = Partial<Record<TargetId, string>>

export interface Subject {
  subject: string | null
  machineId: string | null
  siteId: string | null
}

const maxIdLength = 64

/** The ids among the fields of an object from outside. */
export function pickTargets(value: unknown): Targets {
  if (typeof value !== 'object' || value === null) return {}
  const fields = value as Record<string, unknown>
  const found = targetIds.flatMap((key) => {
    const id = fields[key]
    return typeof id === 'string' && id.length <= maxIdLength ? [[key, id] as const] : []
  })
  return Object.fromEntries(found)
}

/** What the targets are called, and which machine and site they belong to, while they still exist. */
export async function findSubject(db: Database, targets: Targets): Promise<Subject> {
  const known = { machineId: targets.machineId ?? null, siteId: targets.siteId ?? null }
  const found =
    (targets.machineId && (await findMachine(db, targets.machineId))) ||
    (targets.deploymentId && (await findDeployment(db, targets.deploymentId))) ||
    (targets.edgeId && (await findEdge(db, targets.edgeId))) ||
    (await findNamed(db, targets))
  return { subject: null, ...known, ...(found || {}) }
}

async function findMachine(db: Database, machineId: string): Promise<Subject | undefined> {
  const [row] = await db
    .select({ name: machines.name, siteId: machines.siteId, mac: machineMacs.mac })
    .from(machines)
    .leftJoin(machineMacs, eq(machineMacs.machineId, machines.machineId))
    .where(eq(machines.machineId, machineId))
    .orderBy(desc(machineMacs.isPrimary))
    .limit(1)
  return row && { subject: row.name ?? (row.mac ? fourWords(row.mac) : null), machineId, siteId: row.siteId }
}

async function findDeployment(db: Database, deploymentId: string): Promise<Subject | undefined> {
  const [row] = await db
    .select({
      subject: deployments.machineName,
      machineId: deployments.machineId,
      siteId: deployments.siteId,
    })
    .from(deployments)
    .where(eq(deployments.deploymentId, deploymentId))
  return row
}

async function findEdge(db: Database, edgeId: string): Promise<Subject | undefined> {
  const [row] = await db
    .select({ subject: edges.hostname, siteId: edges.siteId })
    .from(edges)
    .where(eq(edges.edgeId, edgeId))
  return row && { ...row, machineId: null }
}

async function findNamed(db: Database, targets: Targets): Promise<{ subject: string } | undefined> {
  const { imageId, templateId, siteId } = targets
  if (imageId) {
    const [row] = await db.select({ subject: images.name }).from(images).where(eq(images.imageId, imageId))
    return row
  }
  if (templateId) {
    const [row] = await db
      .select({ subject: templates.name })
      .from(templates)
      .where(eq(templates.templateId, templateId))
    return row
  }
  if (!siteId) return undefined
  const [row] = await db.select({ subject: sites.name }).from(sites).where(eq(sites.siteId, siteId))
  return row
}
