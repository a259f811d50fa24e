import { decideDisk } from '@dragonfly/schema/state'
import type {
  Command,
  EdgeFrame,
  HostInterface,
  SiteDeployment,
  SiteEvent,
  SiteState,
} from '@dragonfly/schema/wire'
import {
  abortRun,
  advanceRun,
  createRun,
  type DeploymentRun,
  stageOf,
  telemetryOf,
} from './deployment-run.ts'
import { createScript, type Mishap, mishaps } from './deployment-script.ts'
import { advanceImport, type ImageImport, importTelemetry, startImport } from './image-import.ts'
import { createMachinePresences, type MachinePresence } from './machine-presence.ts'
import { createRandom } from './random.ts'
import { createSimulatedBmcs } from './simulated-bmcs.ts'

export interface SimulationOptions {
  seed: number
  machineCount: number
  /** How much faster than real machines. */
  speed: number
  /** 0 to 1: how many deployments meet with a mishap. One can also be asked for by its name in the host name. */
  mishapRate: number
}

/** A site with an edge and machines that exist nowhere: no sockets, no clock; time is what it is told. */
export interface SimulatedSite {
  /** Takes what the site is to be like from now on. */
  handleState(state: SiteState, now: number): void
  /** Lets time pass, and says what happened. */
  tick(now: number): SiteEvent[]
  /** Live values; null when nothing moves. */
  telemetry(now: number): EdgeFrame | null
  /** What its BMCs measured since. */
  measured(now: number): EdgeFrame[]
  answer(commandId: string, command: Command): SiteEvent[]
  cancel(commandId: string): SiteEvent[]
}

const interfaces: HostInterface[] = [
  { name: 'eno1', mac: 'b0:26:28:40:00:05', address: '10.40.10.5', prefixLength: 16, up: true },
  { name: 'eno2', mac: 'b0:26:28:40:00:06', address: '10.41.10.5', prefixLength: 16, up: true },
  { name: 'eno3', mac: 'b0:26:28:40:00:07', address: null, prefixLength: null, up: false },
]
const abortAnswerMs = 1500
const bundleFetchMs = 4000

export function createSimulatedSite(options: SimulationOptions): SimulatedSite {
  const random = createRandom(options.seed)
  const scale = (ms: number): number => ms / options.speed
  const presences = createMachinePresences({ ...options, scale })
  const bmcs = createSimulatedBmcs({
    find: (machineId) => presences.find(machineId)?.spec ?? null,
    all: presences.specs,
  })
  const runs = new Map<string, DeploymentRun>()
  const aborts = new Map<string, number>()
  const imports = new Map<string, ImageImport>()
  const pending: SiteEvent[] = [{ type: 'edge.interfaces', interfaces }]
  let state: SiteState | null = null
  let bundle: { version: string; at: number } | null = null

  const start = (wanted: SiteDeployment): void => {
    const presence = presences.find(wanted.machineId)
    const write = wanted.plan.actions.find((action) => action.action === 'write-image')
    if (!presence || !write) return
    const choice = decideDisk(write.disk, presence.spec.inventory.disks, write.sizeBytes)
    if (choice.kind === 'none') {
      const { reason, message } = choice
      const { deploymentId } = wanted
      pending.push({ type: 'deployment.failed', deploymentId, stage: 'powering', reason, message })
      return
    }
    const steps = createScript(random, {
      machine: presence.spec,
      disk: choice.disk,
      sizeBytes: write.sizeBytes,
      fromRamdisk: presence.state === 'ramdisk',
      mishap: chooseMishap(wanted),
    }).map((step) => ({ ...step, lastsMs: scale(step.lastsMs) }))
    const run = createRun({
      deploymentId: wanted.deploymentId,
      machineId: wanted.machineId,
      machine: presence.spec,
      disk: choice.disk,
      imageName: write.imageName,
      sizeBytes: write.sizeBytes,
      steps,
    })
    runs.set(wanted.deploymentId, run)
  }

  const chooseMishap = ({ plan }: SiteDeployment): Mishap | null => {
    const seed = plan.actions.find((action) => action.action === 'write-seed')
    const named = mishaps.find((mishap) => seed?.metaData.includes(mishap))
    if (named) return named
    return random.chance(options.mishapRate) ? random.pick(mishaps) : null
  }

  const advanceDeployment = (run: DeploymentRun, now: number): SiteEvent[] => {
    const abortAt = aborts.get(run.deploymentId)
    if (abortAt !== undefined && now >= abortAt) {
      aborts.delete(run.deploymentId)
      const aborted = abortRun(run)
      runs.set(run.deploymentId, { ...run, isOver: true })
      presences.handleEnd(run.machineId, now)
      return aborted ? [aborted] : []
    }
    const wanted = state?.deployments.find((other) => other.deploymentId === run.deploymentId)
    if (wanted && now > wanted.armedUntil && stageOf(run) === 'powering' && !run.isOver) return expire(run)
    const advanced = advanceRun(run, now)
    runs.set(run.deploymentId, advanced.run)
    return advanced.events.flatMap((event) => [
      event,
      ...presences.handleDeployment(run.machineId, event, now),
    ])
  }

  const expire = (run: DeploymentRun): SiteEvent[] => {
    runs.set(run.deploymentId, { ...run, isOver: true })
    const message = 'The machine did not ask to boot from the network before the deployment expired.'
    const { deploymentId } = run
    const reason = 'never-powered-on'
    return [{ type: 'deployment.failed', deploymentId, stage: 'powering', reason, message }]
  }

  const takeDeployments = (deployments: readonly SiteDeployment[], now: number): void => {
    const listed = new Set(deployments.map((wanted) => wanted.deploymentId))
    for (const [id, run] of runs) {
      if (listed.has(id)) continue
      if (run.isOver) runs.delete(id)
      else if (!aborts.has(id)) aborts.set(id, now)
    }
    for (const wanted of deployments) {
      if (!runs.has(wanted.deploymentId)) start(wanted)
      if (wanted.desired === 'abort' && !aborts.has(wanted.deploymentId))
        aborts.set(wanted.deploymentId, now + scale(abortAnswerMs))
    }
  }

  const takeImages = ({ images }: SiteState, now: number): void => {
    const listed = new Set(images.map((image) => image.imageId))
    for (const id of imports.keys()) if (!listed.has(id)) imports.delete(id)
    for (const image of images) {
      const before = imports.get(image.imageId)
      if (!before || before.wanted.attempt !== image.attempt)
        imports.set(image.imageId, startImport(image, now, scale))
    }
  }

  return {
    handleState: (next, now) => {
      state = next
      presences.handleState(next, now)
      bmcs.handleState(next)
      takeImages(next, now)
      takeDeployments(next.deployments, now)
      if (next.bundleVersion && next.bundleVersion !== bundle?.version)
        bundle = { version: next.bundleVersion, at: now + scale(bundleFetchMs) }
    },
    tick: (now) => {
      const events = [...pending.splice(0), ...bmcs.tick(now)]
      if (bundle && now >= bundle.at) {
        events.push({ type: 'bundle.ready', version: bundle.version })
        bundle = { ...bundle, at: Number.POSITIVE_INFINITY }
      }
      for (const [imageId, running] of imports) {
        const advanced = advanceImport(running, now)
        imports.set(imageId, advanced.running)
        events.push(...advanced.events)
      }
      const isBusy = (presence: MachinePresence): boolean =>
        [...runs.values()].some((run) => !run.isOver && run.machineId === presence.machineId)
      events.push(...presences.tick(now, isBusy))
      for (const run of [...runs.values()]) if (!run.isOver) events.push(...advanceDeployment(run, now))
      return events
    },
    measured: bmcs.frames,
    answer: bmcs.answer,
    cancel: bmcs.cancel,
    telemetry: (now) => {
      const deployments = [...runs.values()].flatMap((run) => telemetryOf(run) ?? [])
      const images = [...imports.values()].flatMap((running) => importTelemetry(running, now) ?? [])
      return deployments.length + images.length > 0 ? { type: 'telemetry', deployments, images } : null
    },
  }
}
