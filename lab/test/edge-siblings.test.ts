import { createHash, randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { runCommand } from '../src/command.ts'
import type { Lab } from '../src/lab.ts'
import { repositoryRoot } from '../src/paths.ts'
import { edgeProgram, endChild, type Product, startProduct } from '../src/product.ts'
import { namespaceName } from '../src/state.ts'
import { inRack } from './support/rack.ts'

// Two real edges on one LAN, no machines: what one of them has, the other does not fetch from elsewhere.
const chunkBytes = 4 * 1024 * 1024
const chunkCount = 5
const patienceMs = 240_000

/** A download site that counts what it sends. */
async function publish(image: Buffer, address: string) {
  const sent = { requests: 0, bytes: 0 }
  const server: Server = createServer((_request, response) => {
    sent.requests++
    sent.bytes += image.length
    response.writeHead(200, { 'content-length': image.length })
    response.end(image)
  })
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const url = `http://${address}:${(server.address() as AddressInfo).port}/disk.raw`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url, sent, close }
}

/** A way from the LAN's other host to the control plane, as the edge has one; it goes with the lab. */
async function connectCustomer(lab: Lab): Promise<void> {
  const { hostAddress } = lab.uplink
  const number = Number(hostAddress.split('.')[3])
  const [here, there] = [`10.77.254.${number}`, `10.77.254.${number + 1}`]
  const customer = namespaceName(lab.state, 'customer')
  const device = `dflyb${createHash('sha256').update(customer).digest('hex').slice(0, 8)}`
  const commands = [
    ['ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'uplink0', 'netns', customer],
    ['ip', 'addr', 'add', `${here}/30`, 'dev', device],
    ['ip', 'link', 'set', device, 'up'],
    ['ip', '-n', customer, 'addr', 'add', `${there}/30`, 'dev', 'uplink0'],
    ['ip', '-n', customer, 'link', 'set', 'uplink0', 'up'],
    ['ip', '-n', customer, 'route', 'add', `${hostAddress}/32`, 'via', here],
  ]
  for (const command of commands) await runCommand(command)
}

/** Enrols another edge at the site, on the LAN's other host. */
async function startSecondEdge(lab: Lab, { api, siteId, edgeId, controlPlane }: Product) {
  const env = { ...process.env, DRAGONFLY_EDGE_DATA: join(lab.state.dir, 'edge-2') }
  const token = await api.createEnrolmentToken(siteId)
  const argv = [process.execPath, edgeProgram]
  const joined = await lab.exec('customer', [...argv, 'join', controlPlane.url, token], { env })
  expect(joined.exitCode, joined.stderr).toBe(0)
  const output = openSync(join(lab.state.dir, 'edge-2.log'), 'a')
  const child = await lab.spawn('customer', [...argv, 'run'], { env, stdio: ['ignore', output, output] })
  closeSync(output)
  const other = async () => (await api.edges()).find((edge) => edge.edgeId !== edgeId)
  const online = await waitUntil(
    'the second edge to name its interfaces',
    async () => {
      const edge = await other()
      return edge?.interfaces.some(({ name }) => name === 'eth0') ? edge : undefined
    },
    patienceMs,
  )
  await api.serveNetboot(online.edgeId, 'eth0')
  await waitUntil(
    'the second edge to hold the boot bundle',
    async () => ((await other())?.bundleVersion ? true : undefined),
    patienceMs,
  )
  return { edgeId: online.edgeId, stop: () => endChild(child, 'SIGTERM') }
}

/** How many files, or parts of files (206), an edge's image server has sent; it says so every ten seconds. */
async function countServed(lab: Lab, host: 'edge' | 'customer', status: 200 | 206): Promise<number> {
  const script = `fetch('http://127.0.0.1:6872/metrics').then((a) => a.text()).then((text) => console.log(text))`
  const { stdout } = await lab.exec(host, [process.execPath, '-e', script])
  const line = new RegExp(`^dragonfly_images_http_requests_total\\{status="${status}"\\} (\\d+)$`, 'm').exec(
    stdout,
  )
  return Number(line?.[1] ?? 0)
}

test('edges of one site fetch boot bundle and images from each other, and from elsewhere once', () =>
  inRack(
    'siblings',
    async (lab) => {
      const product = await startProduct(lab)
      const { api } = product
      await connectCustomer(lab)
      const second = await startSecondEdge(lab, product)
      const manifest = JSON.parse(
        await readFile(join(repositoryRoot, 'build/bundle/manifest.json'), 'utf8'),
      ) as {
        files: { chunks: { sha256: string }[] }[]
      }
      const pieces = new Set(manifest.files.flatMap(({ chunks }) => chunks.map(({ sha256 }) => sha256)))
      const served = (host: 'edge' | 'customer', status: 200 | 206, count: number) =>
        waitUntil(
          `${host} to have sent ${count} answers ${status}`,
          async () => ((await countServed(lab, host, status)) === count ? true : undefined),
          patienceMs,
          1000,
        )
      // Each piece of the boot bundle came from the first edge.
      await served('edge', 206, pieces.size)

      const image = Buffer.alloc(chunkCount * chunkBytes)
      for (let index = 0; index < chunkCount; index++) randomBytes(64).copy(image, index * chunkBytes)
      const origin = await publish(image, lab.uplink.hostAddress)
      const { imageId } = await api.createImage({
        name: 'Shared',
        url: origin.url,
        checksum: createHash('sha256').update(image).digest('hex'),
      })
      await waitUntil(
        'both edges to have the image',
        async () => {
          const { edges } = await api.image(imageId)
          return (edges.length === 2 && edges.every(({ status }) => status === 'ready')) || undefined
        },
        patienceMs,
      )
      expect(origin.sent).toEqual({ requests: 1, bytes: image.length })
      // One of them sent the manifest and each chunk once, the other one nothing.
      const counts = await waitUntil(
        'one edge to have sent the image to the other',
        async () => {
          const found = [await countServed(lab, 'edge', 200), await countServed(lab, 'customer', 200)]
          return found[0] || found[1] ? found : undefined
        },
        patienceMs,
        1000,
      )
      expect(counts.toSorted((a, b) => a - b)).toEqual([0, chunkCount + 1])
      await origin.close()
      await second.stop()
      await product.stop()
    },
    { dhcpServer: false },
  ))
