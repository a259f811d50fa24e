import type { DeploymentView, deploymentCreateSchema } from '@dragonfly/schema/api'
import { deployments, edges, images, machineLog, machines, sites } from '@dragonfly/schema/db'
import { decideDisk, machineActions, type SafetyMode } from '@dragonfly/schema/state'
import { and, eq, ne, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { runGuardedBatch, type Statement } from '../../batch.ts'
import type { Deps, Person } from '../../deps.ts'
import { conflict, invalid, notFound } from '../../errors.ts'
import { createId } from '../../ids.ts'
import { getImage } from '../images/service.ts'
import { getMachine } from '../machines/service.ts'
import { effectiveSwitch } from '../safety/read-switches.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { checkNetworkConfig, compilePlan } from '../templates/compile.ts'
import { findTemplate } from '../templates/service.ts'
import { nextEpoch } from './epoch-floor.ts'
import { type DeploymentOrders, signDeploymentOrders } from './order.ts'
import { appendTimeline } from './queries.ts'
import { firstStatus } from './queue.ts'
import { getDeployment } from './read.ts'

export type DeploymentCreate = z.output<typeof deploymentCreateSchema>

const defaultArmedHours = 24
const defaultUser = 'dragonfly'

/** Arms a machine, or queues it when its site has enough to do. Whatever can be known to go wrong is refused here, before anybody waits for a boot. */
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
    ...armMachine(
      deps,
      draft,
      await signDeploymentOrders(deps, { ...draft, signedAt: draft.createdAt }),
      person,
    ),
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
    epoch: machine.nextEpoch,
    createdAt: now,
    armedUntil: now + Math.round((input.armedHours ?? defaultArmedHours) * 3_600_000),
  }
}
type Draft = ReturnType<typeof draftDeployment>

/** Statements that refuse the whole batch where machine or image changed since they were looked at. */
function armMachine(deps: Deps, draft: Draft, orders: DeploymentOrders, person: Person): Statement[] {
  const { machine, image, template, deploymentId, plan, hostname, disk, epoch, createdAt, armedUntil } = draft
  const { machineId } = machine
  return [
    deps.db
      .update(machines)
      // Not null: when another deployment took this epoch, or a person locked it meanwhile or switched reimaging
      // off, all is refused.
      .set({
        epoch: sql`case when ${machines.epoch} = ${machine.epoch} and ${machines.lockedAt} is null
          and (select ${effectiveSwitch('reimage')} from ${sites} where ${sites.siteId} = ${machine.siteId}) = 'on'
          then ${epoch} end`,
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
      status: firstStatus(machine.siteId),
      safety: draft.safety,
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
    .select({ epoch: machines.epoch, nextEpoch })
    .from(machines)
    .where(eq(machines.machineId, machineId))
  if (!row) throw notFound('machine')
  const verdict = machineActions.deploy(view)
  if (!verdict.allowed)
    throw conflict(view.reimage === 'off' ? 'reimage-off' : 'machine-not-deployable', verdict.reason)
  if (view.macs.length === 0 && view.smbiosUuid === null) {
    throw conflict(
      'machine-unrecognisable',
      'Neither a MAC address nor a UUID of this machine is known: nobody could tell it from others when it boots. Have its BMC looked at, or boot it from the network once.',
    )
  }
  return { ...view, ...row }
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
