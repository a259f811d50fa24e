import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeploymentView } from '@dragonfly/schema/api'
import { isActive } from '@dragonfly/schema/state'
import { expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { importFile } from '../src/deploy.ts'
import { startNetbootSimulator } from '../src/netboot-simulator/netboot-simulator.ts'
import { startProduct } from '../src/product.ts'
import { sha256OfFile } from './support/disk-content.ts'
import { inRack } from './support/rack.ts'

const count = 20
const mib = 1024 * 1024

test('twenty simulated machines netboot from a real edge, are discovered, adopted and deployed', () =>
  inRack('netboot-sim', async (lab) => {
    const product = await startProduct(lab)
    const { api } = product
    const path = join(lab.state.dir, 'noise.raw')
    await writeFile(path, Buffer.concat([randomBytes(9 * mib), Buffer.alloc(8 * mib), randomBytes(mib)]))
    const imageId = await importFile(lab, product, { name: 'noise', path, sha256: await sha256OfFile(path) })

    // One loses its power in the middle of its image, and comes back.
    const faults = { 3: { powerCutAt: 'writing' } } as const
    const simulator = await startNetbootSimulator(lab, { count, lossRate: 0.01, faults })
    const found = await waitUntil(
      'all machines to be discovered, with their ramdisks connected',
      async () => {
        const machines = (await api.machines()).filter((machine) => machine.ramdiskConnected)
        return machines.length === count ? machines : undefined
      },
      120_000,
    )
    const deploymentIds = await Promise.all(
      found.map(async ({ machineId }, index) => {
        const hostname = `sim-${index}`
        await api.adoptMachine(machineId, hostname)
        const disk = { by: 'smallest', kind: 'any' } as const
        const ordered = { machineId, imageId, hostname, disk, sshKeys: [] }
        return (await api.createDeployment(ordered)).deploymentId
      }),
    )
    const ended = await Promise.all(
      deploymentIds.map((deploymentId) =>
        waitUntil<DeploymentView>(
          'a deployment to end',
          async () => {
            const view = await api.deployment(deploymentId)
            return isActive(view.status) ? undefined : view
          },
          300_000,
          1000,
        ),
      ),
    )
    expect(ended.map(({ status, failure }) => failure?.message ?? status)).toEqual(
      Array(count).fill('deployed'),
    )

    const orders = simulator.events.filter((event) => event.kind === 'order')
    const written = simulator.events.filter((event) => event.kind === 'written')
    // The one that was cut off was given its order again in its next boot; nobody else took one twice.
    expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(count)
    expect(orders).toHaveLength(count + 1)
    expect(new Set(orders.map(({ mac, boot }) => `${mac}/${boot}`)).size).toBe(count + 1)
    // No disk was written to its end twice.
    expect(written.map(({ deploymentId }) => deploymentId).toSorted()).toEqual(deploymentIds.toSorted())
    expect(written.every(({ sizeBytes }) => sizeBytes === 18 * mib)).toBe(true)
    expect(simulator.events.filter((event) => event.kind === 'power-cut')).toHaveLength(1)
    const stages = simulator.events.flatMap((event) => (event.kind === 'stage' ? [event.stage] : []))
    for (const stage of ['boot-server', 'first-stage', 'kernel', 'reported'] as const)
      expect(stages).toContain(stage)
    await simulator.stop()
    await product.stop()
  }))
