import { setTimeout as sleep } from 'node:timers/promises'
import type { DeploymentView, MachineView } from '@dragonfly/schema/api'
import { waitUntil } from '../api.ts'
import { importFile, waitForEdge } from '../deploy.ts'
import type { Lab } from '../lab.ts'
import type { MachineEvent } from '../netboot-simulator/boot-stage.ts'
import { type NetbootSimulator, startNetbootSimulator } from '../netboot-simulator/netboot-simulator.ts'
import { execEdge } from '../product.ts'
import { type ChaosPlatform, type ChaosProduct, startChaosProduct } from './chaos-product.ts'
import { type Evidence, readEvidence } from './evidence.ts'
import { type Fault, type FaultMoment, planFaults, renderFault } from './fault-plan.ts'
import { type RawImage, writeRawImage } from './image-content.ts'
import { adoptMachine, type OrderedDeployment, orderDeployment, persist, untilEnded } from './orders.ts'

export interface ChaosOptions {
  platform: ChaosPlatform
  seed: number
  deployments: number
  /** How often each machine is deployed; the last one may be deployed less often. */
  timesEach: number
  onProgress: (line: string) => void
}

const lossRate = 0.01
const foundWithinMs = 300_000
/** A stage's watchdog may fire in every try; all of that is over by then. */
const endsWithinMs = 1_500_000
const drainedWithinMs = 180_000
const powerBackMs = 1500
/** A machine that started its own disk before its edge had heard of the order is switched off and on again. */
const impatienceMs = 8000
/** Edges hear of an order within a second, mostly. */
const firstPressAfterMs = 2000

/** Runs deployments while what runs them is killed, and gives what there is to judge it by. */
export async function runChaos(lab: Lab, options: ChaosOptions): Promise<Evidence> {
  const { seed, deployments, timesEach, onProgress } = options
  const count = Math.ceil(deployments / timesEach)
  const chaos = await startChaosProduct(lab, options.platform)
  const { product } = chaos
  const images = await importImages(lab, chaos, seed)
  const faults = planFaults({ seed, deployments, kinds: [...chaos.kinds, 'power'] })
  const broken = Promise.withResolvers<never>()
  const run: Run = {
    ...options,
    ...{ chaos, ordered: [], faults, struck: [], images, current: new Map() },
    onBroken: broken.reject,
  }
  const simulator = await startNetbootSimulator(
    lab,
    { count, seed, lossRate, bootFiles: 'head', diskDir: lab.state.dir },
    (event) => noteEvent(run, event),
  )
  run.simulator = simulator
  const machines = await waitUntil(
    'all machines to be discovered, with their ramdisks connected',
    async () => {
      const found = (await product.api.machines()).filter((machine) => machine.ramdiskConnected)
      return found.length === count ? found : undefined
    },
    foundWithinMs,
  )
  await product.api.request('PATCH', `/api/v1/sites/${product.siteId}`, {
    deploymentsAtOnce: Math.max(1, Math.ceil(count * 0.6)),
  })
  onProgress(`${count} machines are discovered; ${faults.length} faults are to come`)
  const deployed = Promise.all(machines.map((machine, place) => deployMachine(run, machine, place, count)))
  await Promise.race([deployed, broken.promise])
  for (const fault of faults) strike(run, fault)
  await Promise.race([Promise.all(run.struck), broken.promise])
  await untilDrained(lab, chaos)
  await simulator.stop()
  await chaos.stop()
  return readEvidence(lab, run)
}

/** All that a run has, while it goes on. */
export interface Run extends ChaosOptions {
  chaos: ChaosProduct
  faults: Fault[]
  images: (RawImage & { imageId: string })[]
  ordered: OrderedDeployment[]
  /** Faults that were carried out, or are being. */
  struck: Promise<void>[]
  /** What was killed does not come back. */
  onBroken: (error: unknown) => void
  simulator?: NetbootSimulator
  /** By MAC: the deployment that a machine is at. */
  current: Map<string, number>
}

async function importImages(lab: Lab, { product }: ChaosProduct, seed: number): Promise<Run['images']> {
  const images: Run['images'] = []
  for (const name of ['even', 'odd']) {
    const image = await writeRawImage(lab, name, seed)
    images.push({ ...image, imageId: await importFile(lab, product, image) })
  }
  await waitForEdge(product)
  return images
}

/** Adopts a machine, and deploys it as often as it is its turn. */
async function deployMachine(run: Run, machine: MachineView, place: number, count: number): Promise<void> {
  const { api } = run.chaos.product
  const { machineId } = machine
  const mac = machine.macs.find((candidate) => run.simulator?.macs.has(candidate)) ?? ''
  await adoptMachine(api, machineId, `chaos-${place}`)
  for (let index = place; index < run.deployments; index += count) {
    const image = run.images[Math.floor(index / count) % run.images.length]
    if (!image) throw new Error('there is no image')
    const hostname = `chaos-${place}-${index}`
    run.current.set(mac, index)
    strikeAt(run, index, 'asking')
    const disk = { by: 'smallest', kind: 'any' } as const
    const order = { machineId, imageId: image.imageId, hostname, disk, sshKeys: [] }
    const { deploymentId, isAcknowledged } = await orderDeployment(api, order)
    run.ordered.push({
      ...{ index, mac, machineId, hostname },
      imageId: image.imageId,
      deploymentId,
      isAcknowledged,
    })
    strikeAt(run, index, 'armed')
    const ended = await untilEnded(api, deploymentId, endsWithinMs, createPowerButton(run, mac))
    run.onProgress(`${hostname}: ${ended.failure?.message ?? ended.status}`)
    // What its machine never came to strikes now.
    for (const fault of run.faults.filter(({ deployment }) => deployment === index)) strike(run, fault)
  }
}

/** For a machine that runs its own disk, found nobody to boot from perhaps, while it is to be in its ramdisk. */
function createPowerButton(run: Run, mac: string): (view: DeploymentView) => void {
  let pressedMs = Date.now() + firstPressAfterMs - impatienceMs
  return ({ status, stage }) => {
    const isWritten = stage === 'restarting' || stage === 'first-boot'
    const isWanted = status !== 'queued' && !isWritten && isAtItsOwn(run, mac)
    if (!isWanted || Date.now() - pressedMs < impatienceMs) return
    pressedMs = Date.now()
    run.simulator?.cutPower(mac, powerBackMs)
  }
}

function isAtItsOwn(run: Run, mac: string): boolean {
  const last = run.simulator?.events.findLast((event) => event.mac === mac)
  return last?.kind === 'stage' && last.stage === 'reported'
}

function noteEvent(run: Run, event: MachineEvent): void {
  const index = run.current.get(event.mac)
  if (index !== undefined && event.kind === 'stage') strikeAt(run, index, event.stage as FaultMoment)
}

function strikeAt(run: Run, index: number, moment: FaultMoment): void {
  for (const fault of run.faults) {
    if (fault.deployment === index && fault.moment === moment) strike(run, fault)
  }
}

const begun = new WeakSet<Fault>()

/** Each fault once. */
function strike(run: Run, fault: Fault): void {
  if (begun.has(fault)) return
  begun.add(fault)
  const carryOut = async (): Promise<void> => {
    await sleep(fault.delayMs)
    run.onProgress(renderFault(fault))
    if (fault.kind === 'power') cutPowerOf(run, fault)
    else await run.chaos.strike(fault)
  }
  run.struck.push(carryOut().catch(run.onBroken))
}

function cutPowerOf(run: Run, { deployment, awayMs }: Fault): void {
  for (const [mac, index] of run.current) {
    if (index === deployment) run.simulator?.cutPower(mac, awayMs)
  }
}

/** All that the edge has written down has arrived, and it acts on all that is wanted. */
async function untilDrained(lab: Lab, { product }: ChaosProduct): Promise<void> {
  await waitUntil(
    'the edge to be back, up to date, and rid of its journal',
    async () => {
      const [edge] = await persist('the edges', () => product.api.edges())
      if (edge?.status !== 'online' || !edge.upToDate) return undefined
      const { exitCode, stdout } = await execEdge(lab, ['status', '--json'])
      if (exitCode !== 0) return undefined
      const { journal } = JSON.parse(stdout) as { journal: { entries: number } }
      return journal.entries === 0 || undefined
    },
    drainedWithinMs,
    1000,
  )
}
