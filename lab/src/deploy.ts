import { cp, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeploymentView, ImageView, MachineDetail, MachineView } from '@dragonfly/schema/api'
import { isActive } from '@dragonfly/schema/state'
import { waitUntil } from './api.ts'
import { runCommand } from './command.ts'
import { ensureImage, type ImageVariant } from './image/build.ts'
import { serveImage } from './image-host.ts'
import { createLab, type Lab, type MachineRequest } from './lab.ts'
import type { Machine } from './machine.ts'
import { buildDir, repositoryRoot } from './paths.ts'
import { type Product, startProduct } from './product.ts'

export interface DeployOptions {
  labName: string
  machine: MachineRequest
  /** Let the machine be discovered and adopted first, instead of being announced by its MAC. */
  discover: boolean
  variant: ImageVariant
  /** Instead of the variant as it is. */
  image?: { name: string; path: string; sha256: string }
  onProgress: (line: string) => void
}

export interface DeployReport {
  firmware: string
  result: DeploymentView['status']
  /** From the power button (or from the order, when a discovered machine waits for one) to the installed system's report. */
  totalSeconds: number
  stages: { name: string; seconds: number }[]
}

const hostname = 'rack-1'
const user = 'ada'
const importTimeoutMs = 600_000
const discoverTimeoutMs = 600_000
/** Every stage has its own watchdog in the product; this one only ends a run in which those failed. */
const deployTimeoutMs = 1_200_000

/** The image whose kernel has drivers for what the machine is made of. */
export function variantFor(request: MachineRequest): ImageVariant {
  const isLight = !request.disks?.includes('ahci') && !request.nics?.includes('e1000e')
  return isLight ? 'light' : 'generic'
}

/** Builds the boot bundle, or finds that it is current. */
export async function ensureBundle(): Promise<void> {
  const program = join(repositoryRoot, 'edge-agent', 'bundle', 'main.ts')
  await runCommand([process.execPath, program, '--json'], { showProgress: true })
}

/** Waits until the edge holds an image. @throws Error with the failure's sentence when its import failed. */
export function waitForImage(product: Product, imageId: string): Promise<ImageView> {
  return waitUntil(
    'the image to be imported',
    async () => {
      const image = await product.api.image(imageId)
      const failure = image.edges.find((edge) => edge.failure)?.failure
      if (failure) throw new Error(`the image was not imported: ${failure.message} ${failure.nextStep}`)
      return image.edges.some((edge) => edge.status === 'ready') ? image : undefined
    },
    importTimeoutMs,
  )
}

/** Publishes a raw image on this host, imports it over the API, and waits until the edge holds it. */
export async function importFile(
  lab: Lab,
  product: Product,
  file: { name: string; path: string; sha256: string },
): Promise<string> {
  const host = await serveImage(file.path, lab.uplink.hostAddress)
  try {
    const { imageId } = await product.api.createImage({
      name: file.name,
      url: host.url,
      checksum: file.sha256,
    })
    await waitForImage(product, imageId)
    return imageId
  } finally {
    await host.close()
  }
}

/** Imports the rack's image over the API, and waits until the edge holds it. */
async function importImage(lab: Lab, product: Product, variant: ImageVariant): Promise<string> {
  const { path, sha256 } = await ensureImage(variant)
  return importFile(lab, product, { name: `Debian 12 ${variant}`, path, sha256 })
}

/** Waits until the edge acts on everything that the control plane was told so far. */
export async function waitForEdge(product: Product): Promise<void> {
  await waitUntil(
    'the edge to know what is wanted of it',
    async () => (await product.api.edges())[0]?.upToDate || undefined,
    300_000,
  )
}

/** Powers a machine on that nobody has announced, waits until its ramdisk waits for work, and adopts it. */
async function discoverAndAdopt(product: Product, machine: Machine): Promise<MachineDetail> {
  await machine.powerOn()
  const found = await waitUntil(
    'the machine to be discovered',
    async () =>
      (await product.api.machines()).find(
        (entry: MachineView) => entry.macs.includes(machine.mac) && entry.ramdiskConnected,
      ),
    discoverTimeoutMs,
  )
  return product.api.adoptMachine(found.machineId, hostname)
}

/** Follows a deployment over the API to its end, saying every stage. */
async function followDeployment(
  product: Product,
  deploymentId: string,
  onProgress: (line: string) => void,
): Promise<DeploymentView> {
  const startedMs = Date.now()
  let told = ''
  return waitUntil(
    'the deployment to end',
    async () => {
      const view = await product.api.deployment(deploymentId)
      const stage = `${view.stage}${view.attempt > 1 ? ` (try ${view.attempt})` : ''}`
      if (stage !== told)
        onProgress(`${((Date.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${stage}`)
      told = stage
      return isActive(view.status) ? undefined : view
    },
    deployTimeoutMs,
  )
}

/** How long each stage took, from the moment the power button was pressed. */
export function stageSeconds(
  timeline: DeploymentView['timeline'],
  poweredOnMs: number,
  endedMs: number,
): DeployReport['stages'] {
  return timeline
    .filter((entry) => entry.stage !== 'deployed')
    .map((entry, index, all) => {
      const startMs = Math.max(entry.startedAt, poweredOnMs)
      const endMs = entry.endedAt ?? all[index + 1]?.startedAt ?? endedMs
      const name = entry.attempt > 1 ? `${entry.stage} (try ${entry.attempt})` : entry.stage
      return { name, seconds: Math.max(0, Math.round((endMs - startMs) / 100) / 10) }
    })
}

/** Runs a command over SSH from the customer's host. @throws Error with what ssh said. */
export async function runOverSsh(
  lab: Lab,
  options: { address: string; user: string; key: string; command: string },
): Promise<string> {
  const { address, key } = options
  const settings = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR']
  const result = await lab.exec('customer', [
    ...['ssh', '-i', key, ...settings.flatMap((setting) => ['-o', setting])],
    ...[`${options.user}@${address}`, options.command],
  ])
  if (result.exitCode === 0) return result.stdout.trim()
  throw new Error(`${options.user}@${address} was not let in by SSH: ${result.stderr}${result.stdout}`)
}

/** @throws Error when the installed system does not let the key in that the deployment gave it. */
async function checkInstalledSystem(lab: Lab, view: DeploymentView, key: string): Promise<void> {
  if (view.address === null) throw new Error('the deployment ended without an address of the machine')
  const name = await runOverSsh(lab, { address: view.address, user, key, command: 'hostname' })
  if (name !== hostname) throw new Error(`the installed system calls itself ${name} instead of ${hostname}`)
}

/** Deploys one machine in a lab that is up, through the product's public API only. */
export async function deployMachine(
  lab: Lab,
  product: Product,
  options: DeployOptions,
): Promise<DeployReport> {
  const { onProgress } = options
  const key = join(lab.state.dir, 'ssh-key')
  await runCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'ada@rack.example', '-f', key])
  onProgress('importing the image')
  const imageId = options.image
    ? await importFile(lab, product, options.image)
    : await importImage(lab, product, options.variant)
  const machine = await lab.addMachine(hostname, options.machine)
  onProgress(options.discover ? 'discovering the machine' : 'announcing the machine by its MAC address')
  const { machineId } = options.discover
    ? await discoverAndAdopt(product, machine)
    : await product.api.createMachine({ siteId: product.siteId, mac: machine.mac, name: hostname })
  const { deploymentId } = await product.api.createDeployment({
    machineId,
    imageId,
    hostname,
    disk: { by: 'smallest', kind: 'any' },
    sshKeys: [(await readFile(`${key}.pub`, 'utf8')).trim()],
    user,
  })
  await waitForEdge(product)
  const startedMs = Date.now()
  // A discovered machine is on: its ramdisk takes the order as it is.
  await machine.powerOn()
  const view = await followDeployment(product, deploymentId, onProgress)
  const endedMs = view.endedAt ?? Date.now()
  if (view.failure) onProgress(`failed: ${view.failure.message} ${view.failure.nextStep}`)
  if (view.status === 'deployed') await checkInstalledSystem(lab, view, key)
  return {
    firmware: options.machine.firmware,
    result: view.status,
    totalSeconds: Math.round((endedMs - startedMs) / 100) / 10,
    stages: stageSeconds(view.timeline, startedMs, endedMs),
  }
}

/** Keeps what is needed to understand a failure after the lab is down; returns where. */
export async function keepLogs(lab: Lab): Promise<string> {
  const target = join(buildDir, 'lab-failures', lab.state.name)
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  const isLog = (path: string): boolean => !/\.(qcow2|fd)$|\/(control-plane|edge|processes)$/.test(path)
  await cp(lab.state.dir, target, { recursive: true, filter: isLog })
  return target
}

/** One whole deployment from nothing: lab, product, machine; takes everything down again. */
export async function runDeployment(options: DeployOptions): Promise<DeployReport> {
  await ensureBundle()
  await ensureImage(options.variant)
  await using lab = await createLab({ name: options.labName })
  try {
    options.onProgress('starting control plane and edge')
    const product = await startProduct(lab)
    const report = await deployMachine(lab, product, options)
    if (report.result !== 'deployed') options.onProgress(`logs are kept in ${await keepLogs(lab)}`)
    await product.stop()
    return report
  } catch (error) {
    options.onProgress(`logs are kept in ${await keepLogs(lab)}`)
    throw error
  }
}
