import { generateKeyPairSync, randomUUID } from 'node:crypto'
import {
  type Plan,
  type PublicJwk,
  phoneHomeUrlReference,
  publicJwkSchema,
  type SignerKey,
  type SiteDeployment,
  type SiteMachine,
  type SiteState,
  type WorkOrder,
  workOrderType,
} from '@dragonfly/schema/wire'
import { CompactSign, importJWK } from 'jose'
import { digestPlan } from '../src/services/signing.ts'

/** What a control plane signs with. */
export interface Signer {
  kid: string
  key: SignerKey
  sign(payload: unknown, typ: string, header?: object): Promise<string>
}

export function createSigner(kid: string): Signer {
  const { privateKey } = generateKeyPairSync('ed25519')
  const jwk = privateKey.export({ format: 'jwk' })
  const publicJwk: PublicJwk = publicJwkSchema.parse(jwk)
  return {
    kid,
    key: { kid, jwk: publicJwk },
    sign: async (payload, typ, header = {}) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
        .setProtectedHeader({ alg: 'EdDSA', kid, typ, ...header })
        .sign(await importJWK(jwk, 'EdDSA')),
  }
}

export const siteId = 'site-1'
export const controlPlaneId = 'control-1'
const imageDigest = 'ab'.repeat(32)

export function makeMachine(changes: Partial<SiteMachine> = {}): SiteMachine {
  return {
    machineId: 'machine-1',
    name: 'n1',
    macs: ['52:54:00:00:00:01'],
    smbiosUuid: '11111111-2222-4333-8444-555555555555',
    serial: null,
    adopted: true,
    locked: false,
    epoch: 1,
    ...changes,
  }
}

export function makePlan(changes: Partial<Plan> = {}): Plan {
  return {
    format: 1,
    phonesHome: true,
    actions: [
      {
        action: 'write-image',
        imageId: 'image-1',
        imageName: 'Debian 12',
        manifestDigest: imageDigest,
        sizeBytes: 1024,
        disk: { by: 'largest', kind: 'any' },
      },
      {
        action: 'write-seed',
        metaData: 'instance-id: d1\n',
        userData: `#cloud-config\nphone_home:\n  url: ${phoneHomeUrlReference}\n`,
        networkConfig: null,
      },
      { action: 'restart' },
    ],
    ...changes,
  }
}

export function makeOrder(machine: SiteMachine, plan: Plan, changes: Partial<WorkOrder> = {}): WorkOrder {
  const image = plan.actions.find((action) => action.action === 'write-image')
  const nowSeconds = Math.floor(Date.now() / 1000)
  return {
    iss: controlPlaneId,
    aud: siteId,
    jti: randomUUID(),
    iat: nowSeconds,
    exp: nowSeconds + 3600,
    deploymentId: 'deployment-1',
    action: 'deploy',
    machine: {
      machineId: machine.machineId,
      macs: machine.macs,
      smbiosUuid: machine.smbiosUuid,
      epoch: machine.epoch,
    },
    planDigest: digestPlan(plan),
    imageManifestDigest: image?.manifestDigest ?? null,
    disk: image?.disk ?? null,
    safety: 'safe',
    ...changes,
  }
}

export async function makeDeployment(
  signer: Signer,
  machine: SiteMachine,
  changes: { plan?: Plan; order?: Partial<WorkOrder>; deployment?: Partial<SiteDeployment> } = {},
): Promise<SiteDeployment> {
  const plan = changes.plan ?? makePlan()
  const order = makeOrder(machine, plan, changes.order)
  return {
    deploymentId: order.deploymentId,
    machineId: machine.machineId,
    desired: 'run',
    armedUntil: Date.now() + 3600_000,
    order: await signer.sign(order, workOrderType),
    plan,
    ...changes.deployment,
  }
}

export function makeState(signer: Signer, changes: Partial<SiteState> = {}): SiteState {
  return {
    format: 1,
    generation: 'g1',
    version: 1,
    siteId,
    siteName: 'Cupboard',
    interfaces: [],
    unknownMachines: 'discover',
    minimumSafety: 'safe',
    powerControl: 'on',
    reimage: 'on',
    signerKeys: [signer.key],
    bundleVersion: null,
    images: [],
    machines: [],
    deployments: [],
    ...changes,
  }
}
