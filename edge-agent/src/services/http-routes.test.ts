import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@dragonfly/schema/log'
import { ramdiskLinkPath } from '@dragonfly/schema/wire'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bootRoutes, parseBootRequest } from '../protocol/boot-urls.ts'
import { type AgentHttp, agentHttpRoutes, agentUpgrades, listenAgentHttp } from './agent-http.ts'
import { prepareImageDirectory } from './images/chunk-store.ts'
import { type ImageServer, imageRoutes, startImageServer } from './images/server.ts'

let dir: string
let agent: AgentHttp
let images: ImageServer
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-routes-'))
  await prepareImageDirectory(dir)
  await mkdir(join(dir, 'bundles', '0123456789ab'), { recursive: true })
  await mkdir(join(dir, 'bundles', '.0123456789ab'))
  await writeFile(join(dir, 'bundles', '0123456789ab', 'vmlinuz'), 'a kernel')
  await writeFile(join(dir, 'bundles', '.0123456789ab', 'vmlinuz'), 'half a kernel')
  images = await startImageServer({ dir, bundlesDir: join(dir, 'bundles'), port: 0, host: '127.0.0.1' })
  const routes = {
    upgradeRamdisk: () => undefined,
    phoneHome: async ({ token }: { token: string }) => token === 'right',
    standing: () => ({
      edgeId: 'e1',
      status: 'none' as const,
      digest: null,
      phase: null,
      bytesDone: 0,
      busy: false,
    }),
    log: silentLog,
    findUnready: () => [],
    metrics: () => 'dragonfly_edge_info 1\n',
  }
  agent = await listenAgentHttp(routes, 0, '127.0.0.1')
})
afterAll(async () => {
  await agent.close()
  await images.close()
  await rm(dir, { recursive: true })
})

/** As it is written, dots and all: fetch would tidy the path up. */
function ask(port: number, method: string, path: string, body = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const hash = 'a'.repeat(64)
const nowhere = ['/', '/nonsense', '/api/v1/machines', '/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd']

type Expectation = [method: string, path: string, status: number]

const ofAgent: Expectation[] = [
  ['GET', '/healthz', 200],
  ['GET', '/readyz', 200],
  ['GET', '/metrics', 200],
  ['POST', '/metrics', 404],
  ['GET', '/siblings/v1/images/some-image', 200],
  ['POST', '/siblings/v1/images/some-image', 404],
  ['GET', '/siblings/v1/images/../../metrics', 404],
  ['GET', '/siblings/v1/bundle/0123456789ab', 200],
  ['GET', '/siblings/v1/bundle/', 404],
  ['GET', ramdiskLinkPath, 404],
  ['POST', '/phone-home/deployment/right', 200],
  ['POST', '/phone-home/deployment/wrong', 404],
  ['GET', '/phone-home/deployment', 404],
  ['POST', '/phone-home/../metrics', 404],
  ...nowhere.map((path) => ['GET', path, 404] satisfies [string, string, number]),
  ...nowhere.map((path) => ['DELETE', path, 404] satisfies [string, string, number]),
]

describe('what the supervisor answers to anybody on the LAN', () => {
  it('has an expectation for every route', () => {
    for (const [name, { path, methods }] of Object.entries(agentHttpRoutes)) {
      const walked = ofAgent.filter((one) => path.test(one[1]) && methods.some((method) => method === one[0]))
      expect(walked.length, name).toBeGreaterThan(0)
    }
    expect(Object.keys(agentUpgrades)).toEqual([ramdiskLinkPath])
  })

  it.each(ofAgent)('%s %s: %i', async (method, path, status) => {
    expect(await ask(agent.port, method, path)).toBe(status)
  })

  it('takes no large report', async () => {
    expect(await ask(agent.port, 'POST', '/phone-home/deployment/right', 'x'.repeat(65 * 1024))).toBe(413)
  })
})

const ofImages: Expectation[] = [
  ['GET', '/healthz', 200],
  ['GET', `/chunks/${hash}`, 404],
  ['GET', `/manifests/${hash}`, 404],
  ['GET', '/bundles/0123456789ab/vmlinuz', 200],
  ['GET', '/bundles/0123456789ab/initrd.img', 404],
  ['GET', '/bundles/0123456789ab/../../store.db', 404],
  ['GET', '/bundles/../images/vmlinuz', 404],
  ['GET', '/bundles/.0123456789ab/vmlinuz', 404],
  ['PUT', `/chunks/${hash}`, 405],
  ['DELETE', `/manifests/${hash}`, 405],
  ['GET', '/chunks/', 404],
  ['GET', `/chunks/../manifests/${hash}`, 404],
  ['GET', `/chunks/${hash.toUpperCase()}`, 404],
  ...nowhere.map((path) => ['GET', path, 404] satisfies [string, string, number]),
]

describe('what the image server answers to anybody on the LAN', () => {
  it('has an expectation for every route', () => {
    for (const [name, { path }] of Object.entries(imageRoutes))
      expect(ofImages.filter((one) => path.test(one[1])).length, name).toBeGreaterThan(0)
  })

  it.each(ofImages)('%s %s: %i', async (method, path, status) => {
    expect(await ask(images.port, method, path)).toBe(status)
  })
})

const ofBoot: [path: string, kind: string][] = [
  ['/healthz', 'health'],
  ['/healthz/', 'not-found'],
  ['/ipxe/52-54-00-00-00-01', 'script'],
  ['/ipxe/nonsense', 'bad-request'],
  // A name is looked up among the bundle's files, and never opened.
  ['/boot/../../etc/passwd', 'boot-file'],
  [`/${'a'.repeat(2000)}`, 'bad-request'],
  ['/metrics', 'not-found'],
  ['/', 'not-found'],
  ['/etc/passwd', 'not-found'],
]

describe('what the boot responder takes a path for', () => {
  it('has an expectation for every route', () => {
    for (const prefix of Object.keys(bootRoutes))
      expect(ofBoot.filter(([path]) => path.startsWith(prefix)).length, prefix).toBeGreaterThan(0)
  })

  it.each(ofBoot)('%s: %s', (path, kind) => expect(parseBootRequest(path).kind).toBe(kind))
})
