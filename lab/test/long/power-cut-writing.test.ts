import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeploymentView } from '@dragonfly/schema/api'
import { expect, test } from 'vitest'
import { waitUntil } from '../../src/api.ts'
import { runCommand } from '../../src/command.ts'
import { importFile } from '../../src/deploy.ts'
import { ensureImage } from '../../src/image/build.ts'
import type { Lab } from '../../src/lab.ts'
import { lan } from '../../src/network.ts'
import { startProduct } from '../../src/product.ts'
import { sha256OfFile } from '../support/disk-content.ts'
import { inRack } from '../support/rack.ts'

const proxyProgram = fileURLToPath(new URL('../support/counting-proxy.ts', import.meta.url))
const proxyPort = 6881
const mebibyte = 1024 * 1024
/** Behind the system, so that much is to be written that can't be compressed. */
const ballastBytes = 640 * mebibyte
const deployTimeoutMs = 1_200_000

async function makeLargeImage(lab: Lab): Promise<{ path: string; sha256: string }> {
  const path = join(lab.state.dir, 'large.raw')
  await runCommand(['cp', '--sparse=always', (await ensureImage('light')).path, path])
  const file = await open(path, 'r+')
  const { size } = await file.stat()
  for (let done = 0; done < ballastBytes; done += mebibyte)
    await file.write(randomBytes(mebibyte), 0, mebibyte, size + done)
  await file.close()
  return { path, sha256: await sha256OfFile(path) }
}

test('after a power cut while its disk is written a machine fetches only what is missing', () =>
  inRack('power-cut', async (lab) => {
    const upstream = `http://${lan.edge}:6871`
    const proxy = await lab.spawn('edge', [process.execPath, proxyProgram, upstream, String(proxyPort)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    proxy.stdout?.on('data', (part) => {
      said += String(part)
    })
    const countFetched = (): number =>
      said
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { path: string; bytes: number })
        .reduce((sum, { path, bytes }) => sum + (path.startsWith('/chunks/') ? bytes : 0), 0)

    const product = await startProduct(lab, {
      edgeEnvironment: { DRAGONFLY_EDGE_IMAGE_SERVERS: `http://${lan.edge}:${proxyPort}` },
    })
    const imageId = await importFile(lab, product, { name: 'Large', ...(await makeLargeImage(lab)) })
    const { storedBytes } = await product.api.image(imageId)
    const machine = await lab.addMachine('node-1', { firmware: 'bios', diskCache: 'lossless' })
    const { siteId } = product
    const { machineId } = await product.api.createMachine({ siteId, mac: machine.mac, name: 'node-1' })
    const { deploymentId } = await product.api.createDeployment({
      machineId,
      imageId,
      hostname: 'node-1',
      disk: { by: 'smallest', kind: 'any' },
      sshKeys: [],
    })
    await machine.powerOn()
    const waitFor = (what: string, isThere: (view: DeploymentView) => boolean): Promise<DeploymentView> =>
      waitUntil(
        what,
        async () => {
          const view = await product.api.deployment(deploymentId)
          if (view.status === 'failed') throw new Error(JSON.stringify(view.failure))
          return isThere(view) ? view : undefined
        },
        deployTimeoutMs,
        50,
      )
    const cut = await waitFor(
      'more than half of it to be written',
      ({ stage, bytesDone, bytesTotal }) =>
        stage === 'writing' && (bytesDone ?? 0) > 0.6 * (bytesTotal ?? Number.POSITIVE_INFINITY),
    )
    await machine.powerOff()
    const before = countFetched()
    await machine.powerOn()
    const done = await waitFor('the system to report in', ({ status }) => status === 'deployed')
    const after = countFetched() - before

    const remaining = (storedBytes ?? 0) - before
    console.log(
      `cut at ${cut.bytesDone} of ${cut.bytesTotal} bytes; of ${storedBytes} bytes as stored ${before} were fetched before, ${after} after (${remaining} remained)`,
    )
    expect(remaining).toBeGreaterThan(100 * mebibyte)
    expect(before).toBeGreaterThan(200 * mebibyte)
    expect(after).toBeLessThan(remaining + 64 * mebibyte)
    expect(done).toMatchObject({ attempt: 2, failure: null })
    const log = await product.api.machineLog(machineId)
    expect(log.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^of an earlier writing .* still there/),
    )
    await product.stop()
  }))
