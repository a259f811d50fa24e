import type { QueryClient } from '@tanstack/react-query'
import { api, take } from './client.ts'
import type { ChangedEntity, LiveEvent } from './live-event.ts'
import { keys } from './queries.ts'
import type { Deployment, Edge, Image, Machine, MachineDetail } from './views.ts'

type Progress = Extract<LiveEvent, { type: 'progress' }>
type Readings = Extract<LiveEvent, { type: 'readings' }>
type EdgeProgress = Extract<LiveEvent, { type: 'edge-progress' }>
type ImageProgress = Extract<LiveEvent, { type: 'image-progress' }>

/** Above this many changed machines in one beat the whole list is fetched instead: a large one later than a small one. */
const singleFetches = (listed: number): number => Math.min(40, 6 + listed / 100)

export function patchDeployment<T extends Deployment | null>(deployment: T, event: Progress): T {
  if (!deployment || deployment.deploymentId !== event.deploymentId) return deployment
  return { ...deployment, bytesDone: event.bytesDone, bytesTotal: event.bytesTotal }
}

export function patchImage(image: Image, event: ImageProgress): Image {
  if (image.imageId !== event.imageId) return image
  return {
    ...image,
    status: image.status === 'waiting' ? 'importing' : image.status,
    edges: image.edges.map((edge) =>
      edge.edgeId === event.edgeId
        ? {
            ...edge,
            status: event.phase,
            bytesDone: event.bytesDone,
            bytesTotal: event.bytesTotal,
            fromEdgeId: event.fromEdgeId ?? null,
          }
        : edge,
    ),
  }
}

/** Takes the newest progress of each machine, in one go: thousands of rows are walked once, however many move. */
export function applyProgress(client: QueryClient, progress: ReadonlyMap<string, Progress>): void {
  const patch = <T extends Machine>(machine: T): T => {
    const event = progress.get(machine.machineId)
    return event ? { ...machine, deployment: patchDeployment(machine.deployment, event) } : machine
  }
  client.setQueryData<Machine[]>(keys.machines, (machines) => machines?.map(patch))
  for (const machineId of progress.keys())
    client.setQueryData<MachineDetail>(keys.machine(machineId), (machine) => machine && patch(machine))
}

export function applyImageProgress(client: QueryClient, event: ImageProgress): void {
  client.setQueryData<Image[]>(keys.images, (images) => images?.map((image) => patchImage(image, event)))
}

export function applyEdgeProgress(client: QueryClient, { edgeId, bundle, release }: EdgeProgress): void {
  client.setQueryData<Edge[]>(keys.edges, (edges) =>
    edges?.map((edge) => (edge.edgeId === edgeId ? { ...edge, fetching: { bundle, release } } : edge)),
  )
}

/** Shows what a site's BMCs measured; plots that are looked at fetch their newest point. */
export function applyReadings(client: QueryClient, { at, machines }: Readings): void {
  const read = new Map(machines.map(({ machineId, ...values }) => [machineId, values]))
  const patch = <T extends Machine>(machine: T): T => {
    const values = read.get(machine.machineId)
    return values && machine.bmc ? { ...machine, bmc: { ...machine.bmc, ...values, sampledAt: at } } : machine
  }
  client.setQueryData<Machine[]>(keys.machines, (known) => known?.map(patch))
  for (const machineId of read.keys())
    client.setQueryData<MachineDetail>(keys.machine(machineId), (machine) => machine && patch(machine))
  void client.invalidateQueries({ queryKey: keys.samples })
  void client.invalidateQueries({ queryKey: keys.siteDraws })
}

/** Fetches again what a beat's worth of `changed` frames made stale. */
export async function applyChanges(
  client: QueryClient,
  changes: ReadonlyMap<ChangedEntity, ReadonlySet<string>>,
): Promise<void> {
  const stale: (readonly string[])[] = []
  for (const entity of changes.keys()) stale.push(...staleKeys[entity])
  await Promise.all([
    ...stale.map((queryKey) => client.invalidateQueries({ queryKey })),
    refreshMachines(client, changes.get('machine') ?? new Set()),
  ])
}

const staleKeys: Record<ChangedEntity, (readonly string[])[]> = {
  machine: [],
  deployment: [keys.deployments],
  site: [keys.sites],
  edge: [keys.edges, keys.sites],
  image: [keys.images],
  template: [keys.templates],
  setup: [keys.setup, keys.frontDoor],
  // What is switched off shows in every machine.
  safety: [keys.safety, keys.sites, keys.machines, ['machine']],
  person: [keys.me, keys.users, keys.invitations, keys.sessions, keys.apiKeys],
}

async function refreshMachines(client: QueryClient, ids: ReadonlySet<string>): Promise<void> {
  if (ids.size === 0) return
  void client.invalidateQueries({ queryKey: keys.sites })
  void client.invalidateQueries({ queryKey: keys.waitingCommands })
  void client.invalidateQueries({ queryKey: keys.bmcScans })
  for (const id of ids) {
    void client.invalidateQueries({ queryKey: keys.bmc(id) })
    void client.invalidateQueries({ queryKey: keys.commands(id) })
  }
  const known = client.getQueryData<Machine[]>(keys.machines)
  const listed = new Set(known?.map((machine) => machine.machineId))
  if (!known || ids.size > singleFetches(known.length) || [...ids].some((id) => !listed.has(id))) {
    await Promise.all([
      client.invalidateQueries({ queryKey: keys.machines }),
      ...[...ids].map((id) => client.invalidateQueries({ queryKey: keys.machine(id) })),
    ])
    return
  }
  await Promise.all([...ids].map((id) => refreshMachine(client, id)))
}

async function refreshMachine(client: QueryClient, machineId: string): Promise<void> {
  try {
    const machine = await take(api.GET('/api/v1/machines/{machineId}', { params: { path: { machineId } } }))
    client.setQueryData(keys.machine(machineId), machine)
    client.setQueryData<Machine[]>(keys.machines, (machines) =>
      machines?.map((other) => (other.machineId === machineId ? machine : other)),
    )
  } catch {
    await client.invalidateQueries({ queryKey: keys.machines })
    await client.invalidateQueries({ queryKey: keys.machine(machineId) })
  }
}
