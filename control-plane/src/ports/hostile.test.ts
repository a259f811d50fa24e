import { once } from 'node:events'
import { request } from 'node:http'
import type { EdgeFrame, SiteEvent } from '@dragonfly/schema/wire'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestEdge } from '../testing/harness.ts'
import {
  type Administrator,
  connectEdge,
  enrolEdge,
  greetEdge,
  helloText,
  openLine,
  type Platform,
  signIn,
  startNodePlatform,
} from '../testing/platform.ts'
import { startWorkerPlatform } from '../testing/worker-platform.ts'

/** Refused, counted, and nothing else suffers: on each platform, by its network. */
const platforms = [
  ['Node', startNodePlatform],
  ['workerd', startWorkerPlatform],
] as const

const mebibyte = 1024 * 1024
const day = 24 * 3600_000

describe.each(platforms)('on %s', { timeout: 120_000 }, (_name, start) => {
  let platform: Platform
  let ada: Administrator
  let siteId: string
  /** Of the same site as those that misbehave. */
  let neighbour: Awaited<ReturnType<typeof greetEdge>>['line']
  let neighbourSeq = 0
  let other: TestEdge

  beforeAll(async () => {
    platform = await start()
    ada = await signIn(platform)
    siteId = await createSite()
    neighbour = (await greetEdge(platform, await enrolEdge(ada, siteId))).line
    other = await enrolEdge(ada, await createSite())
  }, 120_000)
  afterAll(() => platform.close())

  let sites = 0
  const createSite = async (): Promise<string> =>
    (await ada.call('POST', '/api/v1/sites', { name: `Site ${++sites}` })).body.siteId

  async function counted(name: string): Promise<number> {
    const text: string = (await ada.call('GET', '/metrics')).body
    const line = text.split('\n').find((entry) => entry.startsWith(`${name} `))
    return Number(line?.slice(name.length) ?? 0)
  }

  /** Does it, and waits until the metrics say so. */
  async function expectCounted(name: string, times: number, work: () => Promise<unknown>): Promise<void> {
    const before = await counted(name)
    await work()
    await expect.poll(() => counted(name)).toBe(before + times)
  }
  const cutFor = (reason: string) => `dragonfly_tunnels_cut_total{reason="${reason}"}`

  /** Another edge of the site still brings what happens there, and people are still answered. */
  async function expectOthersWell(): Promise<void> {
    const at = Date.now()
    const event: SiteEvent = { type: 'edge.interfaces', interfaces: [] }
    const seq = ++neighbourSeq
    neighbour.send(
      JSON.stringify({
        type: 'journal',
        journalId: 'journal-1',
        entries: [{ seq, at, event }],
      } satisfies EdgeFrame),
    )
    expect((await neighbour.next('ack')).seq).toBe(seq)
    expect((await ada.call('GET', '/api/v1/edges')).status).toBe(200)
  }

  describe('an edge', () => {
    it('that is revoked is cut off, its neighbour is not', async () => {
      const edge = await enrolEdge(ada, siteId)
      const { line } = await greetEdge(platform, edge)
      await expectCounted(cutFor('revoked'), 1, async () => {
        await ada.call('DELETE', `/api/v1/edges/${edge.edgeId}`)
        expect(await line.closed).toEqual({ code: 4401, reason: 'revoked' })
      })
      await expectCounted('dragonfly_edge_tokens_refused_total{reason="edge-revoked"}', 2, async () => {
        await expect(connectEdge(platform, edge)).rejects.toThrow('401')
        await expect(connectEdge(platform, edge)).rejects.toThrow('401')
      })
      await expectOthersWell()
    })

    it('gets in by no token but its own, for here, new, and of now', async () => {
      const edge = await enrolEdge(ada, siteId)
      const { controlPlaneId } = edge.enrolled
      const sign = (claims: { iss?: string; aud?: string; exp?: number; nbf?: number; jti?: string }) => {
        const { iss = edge.edgeId, aud = controlPlaneId, exp = Date.now() / 1000 + 60 } = claims
        return new SignJWT({ iss, aud, exp: Math.floor(exp), jti: claims.jti ?? crypto.randomUUID() })
          .setProtectedHeader({ alg: 'EdDSA' })
          .setNotBefore(Math.floor(claims.nbf ?? 0))
          .sign(edge.key.privateKey)
      }
      const used = await edge.token()
      const tunnel = (token: string) =>
        openLine(platform, '/api/edge/v1/tunnel', { authorization: `Bearer ${token}` })
      ;(await tunnel(used)).close()
      const refused = [
        await sign({ iss: other.edgeId }),
        await sign({ aud: 'another control plane' }),
        await sign({ exp: Date.now() / 1000 - 3600 }),
        await sign({ exp: Date.now() / 1000 + 3600 }),
        await sign({ nbf: Date.now() / 1000 + 3600 }),
        `${(await sign({})).slice(0, -4)}AAAA`,
        used,
      ]
      const name = 'dragonfly_edge_tokens_refused_total{reason="edge-token-invalid"}'
      await expectCounted(name, 2 * refused.length, async () => {
        for (const token of refused) {
          await expect(tunnel(token), token).rejects.toThrow('401')
          const headers = { authorization: `Bearer ${token}` }
          expect((await fetch(`${platform.url}/api/edge/v1/state`, { headers })).status).toBe(401)
        }
      })
      await expectOthersWell()
    })

    it('of another site changes nothing here', async () => {
      const mac = '52:54:00:00:00:0a'
      const { machineId } = (await ada.call('POST', '/api/v1/machines', { siteId, mac })).body
      const { line } = await greetEdge(platform, other)
      const event = { type: 'bmc.power', machineId, powerState: 'on', problem: 'from elsewhere' }
      const lines = [{ at: Date.now(), level: 'info', text: 'from elsewhere' }]
      const log = { type: 'log', machineId, deploymentId: null, mac, lines }
      const entries = [event, log].map((entry, index) => ({ seq: index + 1, at: Date.now(), event: entry }))
      line.send(JSON.stringify({ type: 'journal', journalId: 'journal-1', entries }))
      expect((await line.next('ack')).seq).toBe(2)
      const machine = (await ada.call('GET', `/api/v1/machines/${machineId}`)).body
      const { items } = (await ada.call('GET', `/api/v1/machines/${machineId}/log`)).body
      expect(machine.siteId).toBe(siteId)
      expect(JSON.stringify([machine, items])).not.toContain('from elsewhere')
      line.close()
    })
  })

  describe('a frame from the future', () => {
    let edge: TestEdge
    beforeAll(async () => {
      edge = await enrolEdge(ada, siteId)
    })

    it('of a protocol that is not spoken here ends the tunnel, by name', async () => {
      const line = await connectEdge(platform, edge)
      await expectCounted(cutFor('edge-too-new'), 1, async () => {
        line.send(helloText({ protocol: 1000, oldestProtocol: 999 }))
        expect((await line.next('incompatible')).reason).toBe('edge-too-new')
        expect((await line.closed).code).toBe(4409)
      })
      await expectOthersWell()
    })

    it('that is not known is passed over, and what comes after it is taken', async () => {
      const { line } = await greetEdge(platform, edge)
      await expectCounted('dragonfly_bad_frames_total', 2, async () => {
        line.send(JSON.stringify({ type: 'teleport', machines: ['all'] }))
        line.send('{"type":"journal"')
        const entries = [
          { seq: 1, at: Date.now(), event: { type: 'machine.teleported', to: 'Mars' } },
          { seq: 2, at: Date.now(), event: { type: 'edge.interfaces', interfaces: [] } },
        ]
        line.send(JSON.stringify({ type: 'journal', journalId: 'journal-1', entries }))
        expect((await line.next('ack')).seq).toBe(2)
      })
      line.close()
    })

    it('that tells of what has not happened yet counts as now', async () => {
      const { line } = await greetEdge(platform, edge, { now: Date.now() + 36_500 * day })
      const mac = '52:54:00:00:00:0b'
      const { machineId } = (await ada.call('POST', '/api/v1/machines', { siteId, mac })).body
      const journal = (seq: number, at: number) => {
        const seen = { mac, machineId, smbiosUuid: null, architecture: null }
        const event = { type: 'machine.netboot', ...seen, decision: 'local' }
        return JSON.stringify({ type: 'journal', journalId: 'journal-1', entries: [{ seq, at, event }] })
      }
      await expectCounted('dragonfly_future_times_total', 1, async () => {
        line.send(journal(3, Date.now() + 36_500 * day))
        await line.next('ack')
      })
      const { lastSeenAt } = (await ada.call('GET', `/api/v1/machines/${machineId}`)).body
      expect(lastSeenAt).toBeLessThanOrEqual(Date.now())
      line.close()
    })
  })

  describe('too much at once', () => {
    it.each([
      ['100 MB', 100 * mebibyte, 'a'],
      ['more than an edge may send', 2 * mebibyte, 'a'],
      ['more than it may send, in letters of three bytes', 1.5 * mebibyte, '€'],
    ])('in one frame ends its tunnel alone: %s', async (_size, bytes, letter) => {
      const { line } = await greetEdge(platform, await enrolEdge(ada, siteId))
      await expectCounted(cutFor('frame-too-large'), 1, async () => {
        line.send(letter.repeat(bytes / Buffer.byteLength(letter)))
        await expectOthersWell()
      })
      line.terminate()
    })

    it('in many frames ends its tunnel alone', async () => {
      const edge = await enrolEdge(ada, siteId)
      const { line } = await greetEdge(platform, edge)
      await expectCounted(cutFor('flood'), 1, async () => {
        const frame = JSON.stringify({ type: 'state-applied', generation: 'x', version: 1 })
        for (let index = 0; index < 20_000; index++) line.send(frame)
        await expectOthersWell()
        expect(await line.closed).toEqual({ code: 4408, reason: 'too many frames at once' })
      })
      await expectOthersWell()
      // It may come back, and is served.
      ;(await greetEdge(platform, edge)).line.close()
    })

    const paths = [
      ['POST', '/api/v1/sites'],
      ['POST', '/api/v1/setup/administrator'],
      ['PUT', '/api/v1/image-uploads/none/parts?offset=0'],
      ['POST', '/api/auth/sign-in/email'],
      ['POST', '/api/edge/v1/enrol'],
      ['POST', '/api/edge/v1/leave'],
      ['POST', '/api/nowhere'],
      ['POST', '/healthz'],
      ['POST', '/metrics'],
      ['POST', '/openapi.json'],
      ['POST', '/'],
    ] as const
    it.each(paths)('in a request is refused: %s %s', async (method, path) => {
      await expectCounted('dragonfly_requests_too_large_total', 2, async () => {
        expect(await announce(method, path)).toBe(413)
        // Whoever goes on writing may be cut off before the answer has come.
        expect([413, null]).toContain(await pour(method, path))
      })
      expect((await ada.call('GET', '/api/v1/edges')).status).toBe(200)
    })

    const open = (method: string, path: string, headers: Record<string, string> = {}) =>
      request(`${platform.url}${path}`, {
        method,
        agent: false,
        headers: {
          cookie: ada.cookie(),
          origin: platform.url,
          'content-type': 'application/json',
          ...headers,
        },
      })

    /** Says that 110 MB follow. */
    async function announce(method: string, path: string): Promise<number | undefined> {
      const outgoing = open(method, path, { 'content-length': '110000000' })
      outgoing.flushHeaders()
      const [answer] = await once(outgoing, 'response')
      outgoing.destroy()
      return answer.statusCode
    }

    /** Sends them without saying so, or as much of them as is wanted; null when it was cut off without an answer. */
    async function pour(method: string, path: string): Promise<number | null> {
      const piece = Buffer.alloc(250_000, 32)
      const outgoing = open(method, path)
      const ended = new Promise<number | null>((resolve) => {
        outgoing.once('response', ({ statusCode = 0 }) => resolve(statusCode))
        outgoing.once('error', () => resolve(null))
        outgoing.once('close', () => resolve(null))
      })
      let isEnded = false
      void ended.then(() => {
        isEnded = true
      })
      for (let sent = 0; sent < 440 && !isEnded; sent++)
        if (!outgoing.write(piece)) await Promise.race([ended, once(outgoing, 'drain').catch(() => null)])
      outgoing.end()
      const status = await ended
      outgoing.on('error', () => undefined)
      outgoing.destroy()
      return status
    }
  })

  describe('silence', () => {
    it('from the beginning ends a tunnel', async () => {
      const edge = await enrolEdge(ada, siteId)
      await expectCounted(cutFor('no-hello'), 1, async () => {
        // Nothing has come by it, and so workerd takes its time to end the connection.
        await platform.openSilent(edge, () => connectEdge(platform, edge))
      })
      await expectOthersWell()
    })

    it('of an edge that was there ends its tunnel, and people see it', async () => {
      const edge = await enrolEdge(ada, siteId)
      const present = () => platform.port<{ edgeId: string }[]>('connections', 'ofSite', siteId)
      await expectCounted(cutFor('silent'), 1, async () => {
        const { line } = await platform.openSilent(edge, () => greetEdge(platform, edge))
        expect(await line.closed).toEqual({ code: 4408, reason: 'silent for too long' })
      })
      expect((await present()).map(({ edgeId }) => edgeId)).not.toContain(edge.edgeId)
      await expectOthersWell()
    })
  })
})
