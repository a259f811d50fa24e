import {
  apiKeys,
  bmcLog,
  bmcs,
  commands,
  consoleParts,
  deploymentEvents,
  deployments,
  dhcpLeases,
  edgeImages,
  edgeProblems,
  edges,
  images,
  invitations,
  machineLog,
  machineMacs,
  machineRoles,
  machines,
  machineTags,
  passkeys,
  rackSlots,
  racks,
  samples,
  session,
  sites,
  sshKeys,
  templates,
  user,
} from '@dragonfly/schema/db'
import { runBatch, type Statement } from '../batch.ts'
import type { Database } from '../database.ts'
import { builtInTemplates } from '../features/templates/built-in.ts'

/** Which rows a populated database begins with. */
export interface Populated {
  siteId: string
  edgeId: string
  machineId: string
  deploymentId: string
  imageId: string
  templateId: string
  commandId: string
  userId: string
}

const hex = (index: number): string => index.toString(16).padStart(12, '0')
const id = (kind: number, index: number): string => `0190000${kind}-0000-7000-8000-${hex(index)}`
export const populatedMachineId = (index: number): string => id(3, index)
export const populatedMac = (index: number): string =>
  `52:54:00${hex(index).slice(6).replaceAll(/(..)/g, ':$1')}`

/**
 * Fills a database: `count` rows of each kind at each level: sites, edges (all at the first site, as the machines are),
 * machines with all that belongs to them, deployments, images, people. `ownerId` has the keys and sessions.
 */
export async function populate(
  db: Database,
  count: number,
  ownerId: string,
  now: number,
): Promise<Populated> {
  const [siteId, edgeId, machineId] = [id(1, 0), id(2, 0), id(3, 0)]
  const first = { siteId, edgeId, machineId, deploymentId: id(4, 0), imageId: id(5, 0) }
  for (let index = 0; index < count; index++) {
    await runBatch(db, [
      ...siteRows(db, index, siteId, now),
      ...machineRows(db, index, siteId, edgeId, now),
      ...deploymentRows(db, index, first, now),
      ...peopleRows(db, index, ownerId, now),
    ])
  }
  return { ...first, templateId: id(6, 0), commandId: id(7, 0), userId: id(8, 0) }
}

function siteRows(db: Database, index: number, siteId: string, now: number): Statement[] {
  const edgeId = id(2, index)
  return [
    db.insert(sites).values({ siteId: id(1, index), name: `site ${index}`, createdAt: now }),
    db.insert(edges).values({
      edgeId,
      siteId,
      hostname: `edge-${index}`,
      version: '1',
      publicKey: { kty: 'OKP', crv: 'Ed25519', x: hex(index) },
      fingerprint: hex(index),
      enrolledAt: now,
    }),
    db.insert(edgeProblems).values({ edgeId, problem: 'other-dhcp', message: 'x', since: now }),
    db.insert(dhcpLeases).values({
      edgeId: id(2, 0),
      address: `10.0.${index >> 8}.${index & 255}`,
      interface: 'eno1',
      mac: populatedMac(index),
      hostname: 'x',
      startedAt: now,
      until: now + 1e6,
    }),
    db.insert(racks).values({ rackId: id(9, index), siteId, name: `rack ${index}`, createdAt: now }),
  ]
}

function machineRows(db: Database, index: number, siteId: string, edgeId: string, now: number): Statement[] {
  const machineId = id(3, index)
  return [
    db.insert(machines).values({ machineId, siteId, adoptedAt: now, ramdiskEdgeId: edgeId, createdAt: now }),
    db.insert(machineMacs).values({ siteId, mac: populatedMac(index), machineId, isPrimary: true }),
    db.insert(machineTags).values({ machineId, tag: 'prod' }),
    db.insert(machineRoles).values({ machineId, role: 'web' }),
    db.insert(rackSlots).values({ rackId: id(9, index), unit: 1, machineId }),
    db.insert(bmcs).values({ machineId, siteId, address: '10.1.0.1', createdAt: now, updatedAt: now }),
    db.insert(machineLog).values({ machineId: id(3, 0), at: now, level: 'info', text: 'x' }),
    db.insert(bmcLog).values({
      machineId: id(3, 0),
      entryId: String(index),
      at: now,
      seenAt: now,
      sensor: 'fan',
      text: 'x',
      severity: 'ok',
    }),
    db.insert(samples).values({
      subjectId: machineId,
      stepSeconds: 60,
      at: Math.floor(now / 60_000) * 60,
      powerWatts: 100,
    }),
    db.insert(commands).values({
      commandId: id(7, index),
      siteId,
      machineId: id(3, 0),
      kind: 'power',
      title: 'x',
      status: 'pending',
      createdAt: now,
      notBefore: now + 1e9,
      deadline: now + 2e9,
    }),
  ]
}

function deploymentRows(
  db: Database,
  index: number,
  first: { siteId: string; edgeId: string },
  now: number,
): Statement[] {
  const [deploymentId, imageId] = [id(4, index), id(5, index)]
  return [
    db.insert(images).values({
      imageId,
      name: `image ${index}`,
      url: 'https://example.com/x.raw',
      checksum: { algorithm: 'sha256', value: 'a'.repeat(64) },
      createdAt: now,
    }),
    db
      .insert(edgeImages)
      .values({ edgeId: id(2, index), imageId: id(5, 0), status: 'ready', updatedAt: now }),
    db.insert(templates).values({
      templateId: id(6, index),
      name: `template ${index}`,
      yaml: builtInTemplates[0].yaml.replace('name: cloud-image', `name: template-${index}`),
      createdAt: now,
    }),
    db.insert(deployments).values({
      deploymentId,
      machineId: id(3, index),
      machineName: 'x',
      siteId: first.siteId,
      imageId,
      imageName: 'x',
      templateId: 't',
      templateTitle: 'x',
      hostname: 'x',
      disk: { by: 'smallest', kind: 'any' },
      plan: { formatVersion: 1, actions: [] } as never,
      epoch: 1,
      status: 'running',
      stage: 'writing',
      createdAt: now,
      armedUntil: now + 1e9,
    }),
    db.insert(deploymentEvents).values({ deploymentId, ordinal: 0, stage: 'powering', attempt: 1, at: now }),
    db.insert(consoleParts).values({ deploymentId: id(4, 0), ordinal: index, sizeBytes: 0, frames: [] }),
  ]
}

function peopleRows(db: Database, index: number, ownerId: string, now: number): Statement[] {
  const [userId, date] = [id(8, index), new Date(now)]
  const mine = { userId: ownerId, createdAt: now }
  return [
    db.insert(user).values({
      id: userId,
      name: 'x',
      email: `${index}@example.com`,
      createdAt: date,
      updatedAt: date,
    }),
    db.insert(session).values({
      id: userId,
      token: userId,
      userId: ownerId,
      expiresAt: new Date(now + 1e9),
      createdAt: date,
      updatedAt: date,
    }),
    db.insert(apiKeys).values({ ...mine, keyId: userId, name: 'x', keyHash: userId, start: 'x', scopes: [] }),
    db.insert(passkeys).values({
      ...mine,
      passkeyId: userId,
      credentialId: userId,
      publicKey: 'x',
      counter: 0,
      transports: [],
      synced: false,
      name: 'x',
    }),
    db.insert(invitations).values({
      invitationId: userId,
      tokenHash: userId,
      email: 'x@example.com',
      role: 'viewer',
      invitedBy: 'x',
      createdAt: now,
      expiresAt: now + 1e9,
    }),
    db.insert(sshKeys).values({
      keyId: userId,
      publicKey: userId,
      comment: 'x',
      fingerprint: 'x',
      createdAt: now,
    }),
  ]
}
