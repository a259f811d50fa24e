import type { DeploymentView, deploymentCreateSchema } from '@dragonfly/schema/api'
import { deployments, edges, images, machineLog, machines } from '@dragonfly/schema/db'
import { decideDisk, machineActions, type SafetyMode } from '@dragonfly/schema/state'
import { type WorkOrder, workOrderSchema, workOrderType } from '@dragonfly/schema/wire'
import { and, eq, ne, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { runGuardedBatch, type Statement } from '../../batch.ts'
import type { Deps, Person } from '../../deps.ts'
import { conflict, invalid, notFound } from '../../errors.ts'
import { createId } from '../../ids.ts'
import { signBmcOrder } from '../bmcs/orders.ts'
import { readBmc } from '../bmcs/queries.ts'
import { getImage } from '../images/service.ts'
import { getMachine } from '../machines/service.ts'
import { planDigest } from '../orders/plan-digest.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { checkNetworkConfig, compilePlan } from '../templates/compile.ts'
import { findTemplate } from '../templates/service.ts'
import { appendTimeline } from './queries.ts'
import { getDeployment } from './read.ts'

export type DeploymentCreate = z.output<typeof deploymentCreateSchema>

const defaultArmedHours = 24
const defaultUser = 'dragonfly'
/** An order outlives its arming by this much, so that what was started in time may finish. */
const orderGraceMs = 24 * 60 * 60_000

/** Arms a machine. Whatever can be known to go wrong is refused here, before anybody waits for a boot. */
export async function createDeployment(
  deps: Deps,
  person: Person,
  input: DeploymentCreate,
  /** `safe` when it was confirmed. */
  safety: SafetyMode,
): Promise<DeploymentView> {
  const draft = draftDeployment(deps.clock(), await checkCreate(deps, input), input, safety)
  const { deploymentId, machine } = draft
  const statements: Statement[] = [
    ...armMachine(deps, draft, await renderOrders(deps, draft), person),
    ...(await warnings(deps, draft)),
    bumpSite(deps.db, machine.siteId),
  ]
  if (!(await runGuardedBatch(deps.db, statements))) {
    throw conflict(
      'machine-changed',
      'Somebody else acted on this machine, or its image, at the same moment: look, and try again.',
    )
  }
  deps.metrics.count('dragonfly_deployments_created_total')
  await announceSites(deps, [machine.siteId])
  deps.live.publish([
    { type: 'changed', entity: 'deployment', id: deploymentId },
    { type: 'changed', entity: 'machine', id: machine.machineId },
  ])
  return getDeployment(deps, deploymentId)
}

/** All that a deployment is, before it is signed and stored. */
function draftDeployment(
  now: number,
  checked: Awaited<ReturnType<typeof checkCreate>>,
  input: DeploymentCreate,
  safety: SafetyMode,
) {
  const { machine, image, template } = checked
  const deploymentId = createId(now)
  const plan = compilePlan(template, {
    deploymentId,
    image,
    disk: input.disk,
    hostname: input.hostname,
    user: input.user ?? defaultUser,
    sshKeys: input.sshKeys,
    networkConfig: input.networkConfig ?? null,
  })
  return {
    ...checked,
    safety,
    deploymentId,
    plan,
    hostname: input.hostname,
    disk: input.disk,
    epoch: machine.epoch + 1,
    createdAt: now,
    armedUntil: now + Math.round((input.armedHours ?? defaultArmedHours) * 3_600_000),
  }
}
type Draft = ReturnType<typeof draftDeployment>

/** Statements that refuse the whole batch where machine or image changed since they were looked at. */
function armMachine(deps: Deps, draft: Draft, orders: Orders, person: Person): Statement[] {
  const { machine, image, template, deploymentId, plan, hostname, disk, epoch, createdAt, armedUntil } = draft
  const { machineId } = machine
  return [
    deps.db
      .update(machines)
      // Not null: when another deployment took this epoch or a person locked it meanwhile, all is refused.
      .set({
        epoch: sql`case when ${machines.epoch} = ${machine.epoch} and ${machines.lockedAt} is null then ${epoch} end`,
      })
      .where(eq(machines.machineId, machineId)),
    deps.db.insert(deployments).values({
      deploymentId,
      // Null, and so refused, when the machine was deleted meanwhile.
      machineId: sql`(select machine_id from machines where machine_id = ${machineId})`,
      machineName: machine.name,
      siteId: machine.siteId,
      // Null likewise when the image was.
      imageId: sql`(select image_id from images where image_id = ${image.imageId})`,
      imageName: image.name,
      templateId: template.templateId,
      templateTitle: template.title,
      hostname,
      disk,
      plan,
      ...orders,
      epoch,
      status: 'armed',
      stage: 'powering',
      createdBy: person.name,
      createdAt,
      armedUntil,
    }),
    appendTimeline(deps.db, { deploymentId, stage: 'powering', attempt: 1, at: createdAt, note: null }),
  ]
}

async function checkCreate(deps: Deps, input: DeploymentCreate) {
  const machine = await readDeployable(deps, input.machineId)
  const [row] = await deps.db.select().from(images).where(eq(images.imageId, input.imageId))
  if (!row) throw notFound('image')
  if (row.manifestDigest === null || row.sizeBytes === null) {
    throw conflict(
      'image-not-ready',
      `${row.name} is not ready: no edge has imported it yet. The images page shows how it fares.`,
    )
  }
  await refuseFailedImage(deps, row.imageId, machine.siteId)
  const template = await findTemplate(deps, input.templateId)
  if (!template) throw notFound('template')
  const image = {
    imageId: row.imageId,
    name: row.name,
    manifestDigest: row.manifestDigest,
    sizeBytes: row.sizeBytes,
  }
  if (machine.inventory) {
    const choice = decideDisk(input.disk, machine.inventory.disks, image.sizeBytes)
    if (choice.kind === 'none') throw conflict(choice.reason, choice.message)
  }
  if (input.networkConfig !== undefined) {
    const problem = checkNetworkConfig(input.networkConfig)
    if (problem) throw invalid([{ path: 'networkConfig', message: problem }])
  }
  return { machine, image, template }
}

/** An image that no edge of the machine's site has, or is at work on, would fail only after the machine was booted. */
async function refuseFailedImage(deps: Deps, imageId: string, siteId: string): Promise<void> {
  const [image, siteEdges] = await Promise.all([
    getImage(deps, imageId),
    deps.db.select({ edgeId: edges.edgeId }).from(edges).where(eq(edges.siteId, siteId)),
  ])
  const here = new Set(siteEdges.map((edge) => edge.edgeId))
  const copies = image.edges.filter((edge) => here.has(edge.edgeId))
  const failure = copies.find((copy) => copy.failure)?.failure
  if (!failure || copies.some((copy) => copy.status !== 'failed')) return
  throw conflict(
    'image-not-ready',
    `${image.name} is not ready at this site: ${failure.message} Try its import again on the images page.`,
  )
}

async function readDeployable(deps: Deps, machineId: string) {
  const view = await getMachine(deps, machineId)
  const [row] = await deps.db
    .select({ epoch: machines.epoch })
    .from(machines)
    .where(eq(machines.machineId, machineId))
  if (!row) throw notFound('machine')
  const verdict = machineActions.deploy(view)
  if (!verdict.allowed) throw conflict('machine-not-deployable', verdict.reason)
  return { ...view, epoch: row.epoch }
}

interface Orders {
  workOrder: string
  netbootOrder: string | null
}

async function renderOrders(deps: Deps, draft: Draft): Promise<Orders> {
  return { workOrder: await renderOrder(deps, draft), netbootOrder: await renderNetbootOrder(deps, draft) }
}

/** By which the site's edge powers the machine on into the ramdisk by itself, where it has a BMC. */
async function renderNetbootOrder(deps: Deps, draft: Draft): Promise<string | null> {
  const { machine, deploymentId, safety, createdAt, armedUntil } = draft
  const bmc = await readBmc(deps.db, machine.machineId)
  if (!bmc) return null
  return signBmcOrder(deps, {
    orderId: deploymentId,
    siteId: machine.siteId,
    machineId: machine.machineId,
    bmcAddress: bmc.address,
    what: { action: 'netboot', uefi: machine.inventory ? machine.inventory.firmware === 'uefi' : null },
    safety,
    issuedAt: createdAt,
    expiresAt: armedUntil + orderGraceMs,
  })
}

async function renderOrder(deps: Deps, draft: Draft): Promise<string> {
  const { machine, plan } = draft
  const image = plan.actions.find((action) => action.action === 'write-image')
  const claims: WorkOrder = workOrderSchema.parse({
    iss: deps.identity.controlPlaneId,
    aud: machine.siteId,
    jti: createId(draft.createdAt),
    iat: Math.floor(draft.createdAt / 1000),
    exp: Math.ceil((draft.armedUntil + orderGraceMs) / 1000),
    deploymentId: draft.deploymentId,
    action: 'deploy',
    machine: {
      machineId: machine.machineId,
      macs: machine.macs,
      smbiosUuid: machine.smbiosUuid,
      epoch: draft.epoch,
    },
    planDigest: await planDigest(plan),
    imageManifestDigest: image?.manifestDigest ?? null,
    disk: image?.disk ?? null,
    safety: draft.safety,
  } satisfies WorkOrder)
  return deps.signer.sign(workOrderType, claims)
}

/** What is odd but allowed goes to the machine's log. */
async function warnings(deps: Deps, draft: Draft): Promise<Statement[]> {
  const { machine, deploymentId, hostname, createdAt: at } = draft
  const [taken] = await deps.db
    .select({ machineName: deployments.machineName })
    .from(deployments)
    .innerJoin(machines, eq(machines.machineId, deployments.machineId))
    .where(
      and(
        eq(deployments.siteId, machine.siteId),
        eq(deployments.hostname, hostname),
        ne(deployments.machineId, machine.machineId),
        ne(deployments.status, 'aborted'),
      ),
    )
    .limit(1)
  if (!taken) return []
  const text = `Another machine of this site (${taken.machineName}) was deployed with the host name ${hostname}, too.`
  return [
    deps.db
      .insert(machineLog)
      .values({ machineId: machine.machineId, deploymentId, at, level: 'warning', text }),
  ]
}
