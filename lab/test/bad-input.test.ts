import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, relative } from 'node:path'
import type { ImageView } from '@dragonfly/schema/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiAnswer, waitUntil } from '../src/api.ts'
import { runCommand, tryCommand } from '../src/command.ts'
import { importFile, waitForImage } from '../src/deploy.ts'
import { createLab, type Lab } from '../src/lab.ts'
import { edgeDataDir, execEdge, type Product, runEdgeAgent, startProduct } from '../src/product.ts'
import { sha256OfFile } from './support/disk-content.ts'

const mib = 1024 * 1024
const anyChecksum = '0'.repeat(64)
let lab: Lab
let product: Product
let imageFile: { path: string; sha256: string }
const servers: { close(): void }[] = []

beforeAll(async () => {
  lab = await createLab({ name: 'input-test' })
  product = await startProduct(lab)
  const path = join(lab.state.dir, 'noise.raw')
  await writeFile(path, randomBytes(64 * mib))
  imageFile = { path, sha256: await sha256OfFile(path) }
})

afterAll(async () => {
  for (const server of servers) server.close()
  await product?.stop()
  await lab?.down()
})

async function serve(handle: RequestListener): Promise<string> {
  const server = createServer(handle)
  servers.push({ close: () => server.close().closeAllConnections() })
  await new Promise<void>((resolve) => server.listen(0, lab.uplink.hostAddress, resolve))
  return `http://${lab.uplink.hostAddress}:${(server.address() as AddressInfo).port}/image.raw`
}

/** Asks for an import that cannot work; returns how the portal shows it. */
async function importInVain(name: string, url: string, checksum: string): Promise<ImageView> {
  const { imageId } = await product.api.createImage({ name, url, checksum })
  return waitUntil(
    'the import to fail',
    async () => {
      const image = await product.api.image(imageId)
      if (image.status === 'ready') throw new Error('it was imported')
      return image.status === 'failed' ? image : undefined
    },
    120_000,
  )
}

async function storedFiles(): Promise<string[]> {
  const dir = join(edgeDataDir(lab), 'images')
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
}

/** An image that failed to import cannot be deployed, and leaves nothing on the edge, but what a next try goes on with. */
async function expectNothingHalfDone(image: ImageView, goesOn = false): Promise<void> {
  expect(image).toMatchObject({ manifestDigest: null, sizeBytes: null })
  const stored = await storedFiles()
  expect(stored.filter((path) => !goesOn || !path.startsWith('downloads/'))).toEqual([])
  const mac = `52:54:00:99:00:${randomBytes(1).toString('hex')}`
  const { machineId } = await product.api.createMachine({ siteId: product.siteId, mac })
  const disk = { by: 'smallest', kind: 'any' } as const
  const order = { machineId, imageId: image.imageId, hostname: 'rack-1', disk, sshKeys: [] }
  const refused = await product.api.askForDeployment(order)
  expect(refused).toMatchObject({ status: 409, body: { code: 'image-not-ready' } })
  await product.api.deleteMachine(machineId)
}

function expectFailure(image: ImageView, reason: string, message: RegExp): void {
  expect(image.edges[0]?.failure).toEqual({
    reason,
    message: expect.stringMatching(message),
    nextStep: expect.stringMatching(/^[A-Z].*\.$/),
  })
}

describe('an image that cannot be had', () => {
  test('with another checksum than the one given is not taken', async () => {
    const url = await serve((_, response) => response.end(randomBytes(9 * mib)))
    const image = await importInVain('altered', url, anyChecksum)
    expectFailure(
      image,
      'checksum-mismatch',
      /^The file’s SHA256 is [0-9a-f]{64}, and 0{64} was asked for\.$/,
    )
    await expectNothingHalfDone(image)
  })

  test('whose download ends early is not taken', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 32 * mib })
      response.write(randomBytes(9 * mib), () => response.destroy())
    })
    const image = await importInVain('cut off', url, anyChecksum)
    expectFailure(image, 'truncated', /^The download ended after \d+ of 33554432 bytes\.$/)
    await expectNothingHalfDone(image, true)
  })

  test('whose server cannot be reached, or refuses, says which', async () => {
    const nobody = `http://${lab.uplink.hostAddress}:9/image.raw`
    const image = await importInVain('nobody there', nobody, anyChecksum)
    expectFailure(image, 'unreachable', /^10\.77\.255\.\d+:9 could not be reached: .*ECONNREFUSED.*\.$/)
    const url = await serve((_, response) => response.writeHead(404).end())
    const gone = await importInVain('gone', url, anyChecksum)
    expectFailure(gone, 'http-error', /answered with HTTP status 404\.$/)
    await expectNothingHalfDone(gone, true)
  })

  test('that does not fit the image cache leaves it as it was, and is imported when there is room', async () => {
    const dir = join(edgeDataDir(lab), 'images')
    const fullDisk = `size=${1024 + 20}m`
    await product.edge.stop()
    await runCommand(['mount', '-t', 'tmpfs', '-o', fullDisk, 'dragonfly-test', dir])
    try {
      const cramped = await runEdgeAgent(lab)
      const url = await serve((_, response) => response.end(randomBytes(64 * mib)))
      const image = await importInVain('too much', url, anyChecksum)
      expectFailure(image, 'cache-full', /^The disk of the image cache is full/)
      await expectNothingHalfDone(image)
      await cramped.stop()
    } finally {
      await tryCommand(['umount', dir])
    }
    const roomy = await runEdgeAgent(lab)
    const imageId = await importFile(lab, product, { name: 'fits', ...imageFile })
    expect(await waitForImage(product, imageId)).toMatchObject({ sizeBytes: 64 * mib, status: 'ready' })
    await roomy.stop()
  })
})

function expectInvalid(answer: ApiAnswer, path: string, message: RegExp): void {
  expect(answer.status).toBe(422)
  expect(answer.body).toMatchObject({
    code: 'invalid',
    errors: expect.arrayContaining([{ path, message: expect.stringMatching(message) }]),
  })
}

describe('what a person may mistype', () => {
  test('a MAC address that is none, or a group’s', async () => {
    const create = (mac: string): Promise<ApiAnswer> =>
      product.api.send('POST', '/api/v1/machines', { siteId: product.siteId, mac })
    expectInvalid(
      await create('52:54:00:12:34:5g'),
      'mac',
      /^"52:54:00:12:34:5g" is not a MAC address: it has/,
    )
    expectInvalid(await create('01:00:5e:00:00:fb'), 'mac', /is a group or null address/)
    expect(await product.api.machines()).toEqual([])
  })

  test('an unknown field of a template, by its line and the field that was meant', async () => {
    const yaml =
      'name: web\ntitle: Web server\nactions:\n  - action: write-image\n  - action: write-seed\n    pakages: [nginx]\n'
    const answer = await product.api.send('POST', '/api/v1/templates', { yaml })
    expect(answer.status).toBe(422)
    expect(JSON.stringify(answer.body)).toContain(
      'line 6: unknown field \\"pakages\\"; did you mean \\"packages\\"?',
    )
  })
})

describe('dragonfly-edge join', () => {
  test('takes a token once: whoever steals a used one gets a sentence', async () => {
    const token = await product.api.createEnrolmentToken(product.siteId)
    const second = join(lab.state.dir, 'second-edge')
    await mkdir(second)
    const first = await execEdge(lab, ['join', product.api.url, token, '--data', second])
    expect(first).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Enrolled at site Virtual rack'),
    })
    const thief = await execEdge(lab, [
      'join',
      product.api.url,
      token,
      '--data',
      join(lab.state.dir, 'thief'),
    ])
    expect(thief).toMatchObject({ exitCode: 1, stdout: '' })
    expect(thief.stderr.split('\n').at(-2)).toMatch(/^dragonfly-edge: .*token.*used.*$/i)
    expect(await product.api.edges()).toHaveLength(2)
  })

  test('names an address that is none in one line', async () => {
    const answer = await execEdge(lab, ['join', 'my control plane', 'x'.repeat(40)])
    expect(answer).toMatchObject({ exitCode: 2, stdout: '' })
    expect(answer.stderr).toMatch(
      /^dragonfly-edge: “my control plane” is not the address of a control plane[^\n]*\n$/,
    )
  })
})
