import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeploymentView } from '@dragonfly/schema/api'
import { type DeploymentStage, deploymentStageNames, isActive } from '@dragonfly/schema/state'
import { expect, test } from 'vitest'
import { waitUntil } from '../../src/api.ts'
import { runCommand, tryCommand } from '../../src/command.ts'
import { importFile } from '../../src/deploy.ts'
import { ensureImage } from '../../src/image/build.ts'
import { createLab, type Lab } from '../../src/lab.ts'
import type { Machine } from '../../src/machine.ts'
import { edgeDataDir, type Product, runEdgeAgent, startProduct } from '../../src/product.ts'
import { sendMonitorCommand } from '../../src/qmp.ts'
import { adoptByAddress } from '../support/bmc.ts'
import { type EdgeProcesses, findEdgeProcesses, untilAllRun } from '../support/edge-processes.ts'
import { inRack } from '../support/rack.ts'

const admin = { name: 'admin', password: 'secret' }
/** Three tries, of which two end by a stage's watchdog, in an emulated machine. */
const deployTimeoutMs = 1_800_000
const backWithinMs = 60_000
const cableOutMs = 15_000
const diskFullMs = 10_000
/** Of the edge's disk in the test that fills it: the image, and the GiB that its cache keeps free. */
const diskMib = 2200
type Faults = Partial<Record<DeploymentStage, () => Promise<void>>>

interface Rack {
  lab: Lab
  product: Product
  machine: Machine
  machineId: string
  imageId: string
}

/** A machine whose BMC can start it anew, in a rack whose edge holds the image. */
async function fillRack(lab: Lab): Promise<Rack> {
  const product = await startProduct(lab)
  const machine = await lab.addMachine('rack-1', { firmware: 'bios', bmc: { users: [admin] } })
  const machineId = await adoptByAddress(product, machine.spec.bmc?.address ?? '', admin)
  const { path, sha256 } = await ensureImage('light')
  const imageId = await importFile(lab, product, { name: 'Debian 12', path, sha256 })
  return { lab, product, machine, machineId, imageId }
}

function inFaultyRack(name: string, work: (rack: Rack) => Promise<void>): Promise<void> {
  return inRack(name, async (lab) => {
    const rack = await fillRack(lab)
    await work(rack)
    await rack.product.stop()
  })
}

/** Deploys, and does to it at the first sight of each stage what is to be done there; gives the end, and where it was done. */
async function deployWith(
  { product: { api }, machineId, imageId }: Rack,
  hostname: string,
  faults: Faults,
): Promise<{ view: DeploymentView; met: DeploymentStage[] }> {
  const { deploymentId } = await api.createDeployment({
    machineId,
    imageId,
    hostname,
    disk: { by: 'smallest', kind: 'any' },
    sshKeys: [],
  })
  const met = new Set<DeploymentStage>()
  const view = await waitUntil(
    'the deployment to end',
    async () => {
      const found = await api.deployment(deploymentId)
      if (!isActive(found.status)) return found
      const fault = faults[found.stage]
      if (fault && !met.has(found.stage)) {
        met.add(found.stage)
        await fault()
      }
      return undefined
    },
    deployTimeoutMs,
    50,
  )
  const stages = view.timeline.map(({ stage, attempt }) => `${stage}/${attempt}`).join(' ')
  console.log(`${hostname}: ${view.status}, faults at ${[...met].join(', ')}; ${stages}`)
  return { view, met: [...met] }
}

const atEach = (stages: readonly DeploymentStage[], fault: () => Promise<void>): Faults =>
  Object.fromEntries(stages.map((stage) => [stage, fault]))

const allStages = deploymentStageNames.filter((stage) => stage !== 'deployed')
/**
 * Some are over in a moment, or begin while nobody of the edge runs; a machine that finds no boot server when it
 * restarts starts its disk by itself. These are met for certain.
 */
const metForCertain: readonly DeploymentStage[] = ['ramdisk', 'writing']

function expectDeployed(view: DeploymentView): void {
  expect(view).toMatchObject({ status: 'deployed', failure: null })
}

test.each(['images', 'responder', 'supervisor'] as const)(
  'kill -9 of the edge’s %s at each stage is lived through',
  (victim) =>
    inFaultyRack(`kill-${victim}`, async (rack) => {
      const { lab, product } = rack
      const kill = async (): Promise<void> => {
        const before: Partial<EdgeProcesses> = await findEdgeProcesses(lab)
        const pid = before[victim]
        if (pid === undefined) return
        process.kill(pid, 'SIGKILL')
        if (victim !== 'supervisor') return
        // What systemd does for a service, once it has seen the end.
        await waitUntil(
          'its end',
          async () => ((await findEdgeProcesses(lab)).supervisor === pid ? undefined : true),
          backWithinMs,
        )
        product.edge = await runEdgeAgent(lab)
        await untilAllRun(lab, { supervisor: pid }, backWithinMs)
      }
      const { view, met } = await deployWith(rack, `without-${victim}`, atEach(allStages, kill))
      expectDeployed(view)
      expect(met).toEqual(expect.arrayContaining([...metForCertain]))
    }),
  deployTimeoutMs,
)

test(
  'a power cut at each stage is lived through, or told',
  () =>
    inFaultyRack('power-cuts', async (rack) => {
      const cut = () => rack.machine.power('cycle')
      // Two of a kind in one deployment: it has three tries.
      const early = await deployWith(rack, 'cut-early', atEach(['kernel', 'ramdisk'], cut))
      expectDeployed(early.view)
      const written = await deployWith(rack, 'cut-written', atEach(['writing', 'configuring'], cut))
      expectDeployed(written.view)
      const late = await deployWith(rack, 'cut-late', atEach(['bootloader', 'restarting', 'first-boot'], cut))
      expectDeployed(late.view)
      const met = [early, written, late].flatMap((one) => one.met)
      expect(met).toEqual(expect.arrayContaining([...metForCertain]))
    }),
  3 * deployTimeoutMs,
)

test(
  'a network that is gone for a while at each stage is lived through',
  () =>
    inFaultyRack('cable-out', async (rack) => {
      const pull = async (): Promise<void> => {
        await rack.machine.setCable(false)
        await new Promise((resolve) => setTimeout(resolve, cableOutMs))
        await rack.machine.setCable(true)
      }
      const { view, met } = await deployWith(rack, 'cable-out', atEach(allStages, pull))
      expectDeployed(view)
      expect(met).toEqual(expect.arrayContaining([...metForCertain]))
    }),
  3 * deployTimeoutMs,
)

test(
  'a machine that hangs while it is written, and again while it starts, is started anew by its BMC',
  () =>
    inFaultyRack('hangs', async (rack) => {
      // A stopped processor: it answers nothing, and its power stays on. Only a reset of the power ends it.
      const hang = () => sendMonitorCommand(rack.machine.files.monitorSocket, 'stop').then(() => undefined)
      const { view } = await deployWith(rack, 'hangs', { writing: hang, kernel: hang })
      expectDeployed(view)
      expect(view.attempt).toBe(3)
    }),
  deployTimeoutMs,
)

test(
  'a disk of the edge that is full for a while at each stage holds a deployment up, and loses nothing of it',
  async () => {
    await using lab = await createLab({ name: 'disk-full' })
    const folder = edgeDataDir(lab)
    await mkdir(folder, { recursive: true })
    await runCommand(['mount', '-t', 'tmpfs', '-o', `size=${diskMib}m`, 'tmpfs', folder])
    try {
      const rack = await fillRack(lab)
      const filler = join(folder, 'filler')
      // What can't be written down is not done, and not told: it waits for room.
      const fill = async (): Promise<void> => {
        await tryCommand(['dd', 'if=/dev/zero', `of=${filler}`, 'bs=1M', `count=${diskMib}`])
        await tryCommand(['sh', '-c', `while head -c 4096 /dev/zero >> ${filler}; do :; done`])
        await new Promise((resolve) => setTimeout(resolve, diskFullMs))
        await rm(filler, { force: true })
      }
      const { view, met } = await deployWith(rack, 'disk-full', atEach(allStages, fill))
      expectDeployed(view)
      expect(met).toEqual(expect.arrayContaining([...metForCertain]))
      await rack.product.stop()
    } finally {
      await tryCommand(['umount', '-l', folder])
    }
  },
  3 * deployTimeoutMs,
)
