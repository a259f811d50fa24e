import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ImageView, MachineDetail, MachineView, SiteView } from '@dragonfly/schema/api'
import { defaultDeploymentsAtOnce, isActive } from '@dragonfly/schema/state'
import type { ApiClient } from '../api.ts'
import { createRandom } from './random.ts'

export interface FleetOptions {
  siteId: string
  edgeId: string
  seed: number
  deploying: number
}

const pauseMs = 1500
const roles = ['web', 'db', 'cache', 'ci', 'k8s', 'store', 'gw', 'build'] as const
const tags = ['prod', 'staging', 'spare', 'rack-1', 'rack-2', 'gpu', 'loaner'] as const
const images = [
  ['Debian 13', 'https://images.simulated.example/debian-13-genericcloud-amd64.raw'],
  ['Debian 12', 'https://images.simulated.example/debian-12-genericcloud-amd64.raw'],
  ['Ubuntu 24.04 LTS', 'https://images.simulated.example/ubuntu-24.04-server-amd64.raw'],
  ['AlmaLinux 9', 'https://images.simulated.example/checksum-mismatch/almalinux-9-x86_64.raw'],
] as const

/** Makes the simulated site if it is not there, and an enrolment token for it. */
export async function prepareSite(api: ApiClient | null, name: string): Promise<string> {
  if (!api) throw new Error('an administrator is needed to make a site')
  const { items } = await api.request<{ items: SiteView[] }>('GET', '/api/v1/sites')
  const site = items.find((other) => other.name === name) ?? (await api.createSite(name))
  return api.createEnrolmentToken(site.siteId)
}

/** Plays the people of the site, by the public API: turns on an interface, imports, adopts, deploys, until it is stopped. */
export async function driveFleet(
  api: ApiClient,
  options: FleetOptions,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<void> {
  const random = createRandom(options.seed + 2)
  const numbers = new Map<string, number>()
  await sleep(pauseMs)
  await api.serveNetboot(options.edgeId, 'eno1')
  // Or its queue would hold back those above the usual number.
  const deploymentsAtOnce = Math.max(defaultDeploymentsAtOnce, options.deploying)
  await api.request('PATCH', `/api/v1/sites/${options.siteId}`, { deploymentsAtOnce })
  await importImages(api)
  const nameNext = (taken: readonly string[]): string => {
    const role = random.pick(roles)
    const number = (numbers.get(role) ?? 0) + 1
    numbers.set(role, number)
    const name = `${role}-${String(number).padStart(2, '0')}`
    return taken.includes(name) ? nameNext(taken) : name
  }
  const actOnce = async (): Promise<void> => {
    const machines = (await api.machines()).filter((machine) => machine.siteId === options.siteId)
    const [wanted] = machines.filter((machine) => !machine.adopted)
    const unadopted = machines.filter((machine) => !machine.adopted).length
    // A few are left for whoever looks at the portal.
    if (wanted && unadopted > 3)
      await adopt(
        api,
        wanted,
        nameNext(machines.map(({ name }) => name)),
        random.chance(0.7) ? [random.pick(tags)] : [],
      )
    const ready = await readyImages(api)
    const idle = machines.filter(isDeployable)
    const active = machines.filter(({ deployment }) => deployment && isActive(deployment.status)).length
    if (ready.length > 0 && idle.length > 0 && active < options.deploying)
      await deploy(api, random.pick(idle), random.pick(ready))
  }
  while (!signal.aborted) {
    // A refusal (somebody else was quicker, a machine is locked) is part of life.
    await actOnce().catch((error: Error) => say(error.message))
    await sleep(pauseMs)
  }
}

function isDeployable({ adopted, locked, deployment }: MachineView): boolean {
  return adopted && !locked && !(deployment && isActive(deployment.status))
}

async function adopt(api: ApiClient, machine: MachineView, name: string, added: string[]): Promise<void> {
  await api.adoptMachine(machine.machineId, name)
  await addBmc(api, machine.machineId)
  if (added.length > 0) await api.request('PATCH', `/api/v1/machines/${machine.machineId}`, { tags: added })
}

/** At the address that its ramdisk saw. */
async function addBmc(api: ApiClient, machineId: string): Promise<void> {
  const path = `/api/v1/machines/${machineId}`
  const { inventory } = await api.request<MachineDetail>('GET', path)
  if (!inventory?.bmc?.address) return
  await api.request('PUT', `${path}/bmc`, { address: inventory.bmc.address, protocol: 'ipmi' })
}

async function deploy(api: ApiClient, machine: MachineView, image: ImageView): Promise<void> {
  await api.createDeployment({
    machineId: machine.machineId,
    imageId: image.imageId,
    hostname: machine.name === machine.fourWords ? `node-${machine.machineId.slice(-6)}` : machine.name,
    disk: { by: 'smallest', kind: 'any' },
    sshKeys: [],
  })
}

async function readyImages(api: ApiClient): Promise<ImageView[]> {
  const { items } = await api.request<{ items: ImageView[] }>('GET', '/api/v1/images')
  return items.filter((image) => image.status === 'ready')
}

async function importImages(api: ApiClient): Promise<void> {
  const { items } = await api.request<{ items: ImageView[] }>('GET', '/api/v1/images')
  for (const [name, url] of images) {
    if (items.some((image) => image.name === name)) continue
    await api.createImage({ name, url, checksum: createHash('sha256').update(url).digest('hex') })
  }
}
