import { createHash } from 'node:crypto'
import { type LiveEvent, uploadPartBytes } from '@dragonfly/schema/api'
import { commands, edges, machineLog, sites as sitesTable } from '@dragonfly/schema/db'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recheckMs } from '../features/events/feed.ts'
import { createSecrets } from '../platform/secrets.ts'
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

/** What every platform has to do in the same way: tried on each, by its network and its ports. */
const platforms = [
  ['Node', startNodePlatform],
  ['workerd', startWorkerPlatform],
] as const

describe.each(platforms)('on %s', { timeout: 30_000 }, (_name, start) => {
  let platform: Platform
  let ada: Administrator
  let firstAnswers: number[]

  beforeAll(async () => {
    platform = await start()
    const firsts = Array.from({ length: 12 }, () => fetch(`${platform.url}/api/v1/setup`))
    firstAnswers = (await Promise.all(firsts)).map(({ status }) => status)
    ada = await signIn(platform)
  }, 60_000)
  afterAll(() => platform.close())

  let sites = 0
  async function createSite(): Promise<string> {
    return (await ada.call('POST', '/api/v1/sites', { name: `Site ${++sites}` })).body.siteId
  }
  const present = async (siteId: string) =>
    (await platform.port<{ edgeId: string }[]>('connections', 'ofSite', siteId)).map(({ edgeId }) => edgeId)
  const connected = () => platform.port<string[]>('connections', 'connected')

  describe('requests', () => {
    it('are answered when many are the first at the same moment', () => {
      expect(new Set(firstAnswers)).toEqual(new Set([200]))
    })

    it('do not suffer from those whose clients leave, and each stands in the audit log', async () => {
      const before = (await ada.call('GET', '/api/v1/audit/verify')).body.entries
      const names = Array.from({ length: 20 }, (_, index) => `Beside ${index}`)
      const made = names.map((name) => {
        const leaving = new AbortController()
        const left = fetch(`${platform.url}/api/v1/sites`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', cookie: ada.cookie(), origin: platform.url },
          body: JSON.stringify({ name: `${name} left` }),
          signal: leaving.signal,
        }).catch(() => undefined)
        const answer = ada.call('POST', '/api/v1/sites', { name })
        leaving.abort()
        return left.then(() => answer)
      })
      expect(new Set((await Promise.all(made)).map(({ status }) => status))).toEqual(new Set([201]))
      const { intact, entries } = (await ada.call('GET', '/api/v1/audit/verify')).body
      expect(intact).toBe(true)
      expect(entries - before).toBeGreaterThanOrEqual(names.length)
    })
  })

  describe('edge connections', () => {
    it('knows who has a tunnel and what they can do, asleep or awake', async () => {
      const siteId = await createSite()
      const pair = [await enrolEdge(ada, siteId), await enrolEdge(ada, siteId)]
      const lines = []
      for (const edge of pair.toReversed())
        lines.push((await greetEdge(platform, edge, { commands: ['console', 'power'] })).line)
      const expected = pair.map(({ edgeId }) => edgeId).sort()
      expect(await present(siteId)).toEqual(expected)
      await platform.sleep(siteId)
      expect(await platform.port('connections', 'ofSite', siteId)).toEqual(
        expected.map((edgeId) => ({ edgeId, siteId, commands: ['console', 'power'] })),
      )
      expect(await connected()).toEqual(expect.arrayContaining(expected))
      for (const line of lines) line.close()
      await expect.poll(() => present(siteId)).toEqual([])
      await expect.poll(connected).not.toEqual(expect.arrayContaining([expected[0]]))
    })

    it('does not count who has not said hello, and refuses what comes before it', async () => {
      const siteId = await createSite()
      const line = await connectEdge(platform, await enrolEdge(ada, siteId))
      expect(await present(siteId)).toEqual([])
      line.send(JSON.stringify({ type: 'state-applied', generation: 'x', version: 1 }))
      expect(await line.closed).toEqual({ code: 4400, reason: 'hello comes first' })
    })

    it('sends to one edge, to all of a site, and to nobody else', async () => {
      const siteId = await createSite()
      const [one, other] = [await enrolEdge(ada, siteId), await enrolEdge(ada, siteId)]
      const stranger = await greetEdge(platform, await enrolEdge(ada, await createSite()))
      const [first, second] = [await greetEdge(platform, one), await greetEdge(platform, other)]
      await platform.sleep(siteId)
      await platform.port('connections', 'send', one, { type: 'observe-dhcp' })
      await first.line.next('observe-dhcp')
      const changed = { type: 'state-changed', generation: 'g', version: 77 }
      await platform.port('connections', 'sendToSite', siteId, changed)
      for (const { line } of [first, second]) await expect.poll(() => line.received).toContainEqual(changed)
      await platform.port('connections', 'send', { ...one, edgeId: 'gone' }, { type: 'observe-dhcp' })
      expect(second.line.received).not.toContainEqual({ type: 'observe-dhcp' })
      expect(stranger.line.received).not.toContainEqual(changed)
    })

    it('closes the tunnel that an edge had before, and keeps the new one', async () => {
      const siteId = await createSite()
      const edge = await enrolEdge(ada, siteId)
      const { line: old } = await greetEdge(platform, edge)
      await platform.sleep(siteId)
      const { line } = await greetEdge(platform, edge)
      expect(await old.closed).toEqual({ code: 4401, reason: 'replaced by a newer tunnel' })
      await expect.poll(() => present(siteId)).toEqual([edge.edgeId])
      expect(await connected()).toContain(edge.edgeId)
      line.close()
    })

    it('answers a keep-alive, asleep or awake', async () => {
      const siteId = await createSite()
      const { line } = await greetEdge(platform, await enrolEdge(ada, siteId))
      line.send(JSON.stringify({ type: 'ping' }))
      await line.next('pong')
      await platform.sleep(siteId)
      line.send(JSON.stringify({ type: 'ping' }))
      await line.next('pong')
    })

    it('cuts a revoked edge within a second, and refuses it with a signed statement', async () => {
      const siteId = await createSite()
      const took: number[] = []
      // The computer may have other things to do: once is enough.
      for (let attempt = 0; attempt < 5 && !took.some((ms) => ms < 1000); attempt++) {
        const edge = await enrolEdge(ada, siteId)
        const { line } = await greetEdge(platform, edge)
        await platform.sleep(siteId)
        const revokedAt = Date.now()
        const answer = ada.call('DELETE', `/api/v1/edges/${edge.edgeId}`)
        expect(await line.closed).toEqual({ code: 4401, reason: 'revoked' })
        took.push(Date.now() - revokedAt)
        expect((await answer).status).toBe(204)
        expect(await present(siteId)).toEqual([])
        const headers = { authorization: `Bearer ${await edge.token()}` }
        const refused = await fetch(`${platform.url}/api/edge/v1/state`, { headers })
        expect(refused.status).toBe(401)
        expect(refused.headers.get('x-dragonfly-revocation')).toMatch(/^ey/)
        await expect(connectEdge(platform, edge)).rejects.toThrow('401')
      }
      expect(Math.min(...took)).toBeLessThan(1000)
    })

    it('lets no edge in that was revoked between its request and its hello', async () => {
      const siteId = await createSite()
      const edge = await enrolEdge(ada, siteId)
      const line = await connectEdge(platform, edge)
      await platform.db.update(edges).set({ revokedAt: Date.now() }).where(eq(edges.edgeId, edge.edgeId))
      line.send(helloText())
      expect(await line.closed).toEqual({ code: 4401, reason: 'revoked' })
    })

    it('loses nothing and doubles nothing of a journal that is cut off and sent again', async () => {
      const siteId = await createSite()
      const edge = await enrolEdge(ada, siteId)
      const mac = '52:54:00:00:00:01'
      const { machineId } = (await ada.call('POST', '/api/v1/machines', { siteId, mac })).body
      const entries = (from: number, to: number) =>
        Array.from({ length: to - from + 1 }, (_, index) => {
          const line = { at: Date.now(), level: 'info', text: `line ${from + index}` }
          const event = { type: 'log', machineId, deploymentId: null, mac, lines: [line] }
          return { seq: from + index, at: line.at, event }
        })
      const journal = (from: number, to: number) =>
        JSON.stringify({ type: 'journal', journalId: 'journal-1', entries: entries(from, to) })
      let { line } = await greetEdge(platform, edge)
      line.send(journal(1, 5))
      expect((await line.next('ack')).seq).toBe(5)
      await platform.sleep(siteId)
      line.send(journal(6, 10))
      // Cut at some point of it: what was acknowledged by then is in the database.
      if (platform.evict) await platform.evict(siteId)
      else line.close()
      await line.closed
      const again = await greetEdge(platform, edge)
      line = again.line
      expect(again.welcome.ackedSeq).toBeGreaterThanOrEqual(5)
      line.send(journal(again.welcome.ackedSeq + 1, 20))
      line.send(journal(3, 20))
      expect((await line.next('ack')).seq).toBe(20)
      expect((await line.next('ack')).seq).toBe(20)
      const rows = await platform.db.select().from(machineLog).orderBy(machineLog.id)
      expect(rows.filter((row) => row.machineId === machineId).map(({ text }) => text)).toEqual(
        Array.from({ length: 20 }, (_, index) => `line ${index + 1}`),
      )
    })
  })

  describe('announcements and alarms', () => {
    const bump = async (siteId: string, version: number) =>
      platform.db.update(sitesTable).set({ stateVersion: version }).where(eq(sitesTable.siteId, siteId))

    it('tells of a change at once, then once in a while, and of the newest at last', async () => {
      const siteId = await createSite()
      const { line } = await greetEdge(platform, await enrolEdge(ada, siteId))
      const versions = () =>
        line.received.flatMap((frame) => (frame.type === 'state-changed' ? [frame.version] : []))
      const before = versions().length
      for (let version = 101; version <= 110; version++) {
        await bump(siteId, version)
        await platform.port('announce', '', siteId)
      }
      await platform.sleep(siteId)
      await expect.poll(versions, { timeout: 10_000 }).toContain(110)
      expect(versions().length - before).toBeLessThan(6)
    })

    it('lets a change succeed whose site could not be told, and tells it later', async () => {
      if (!platform.setSitesAway) return
      const siteId = await createSite()
      const { line } = await greetEdge(platform, await enrolEdge(ada, siteId))
      await platform.setSitesAway(true)
      const made = await ada.call('POST', '/api/v1/machines', { siteId, mac: '52:54:00:00:00:02' })
      await platform.setSitesAway(false)
      expect(made.status).toBe(201)
      const [site] = await platform.db.select().from(sitesTable).where(eq(sitesTable.siteId, siteId))
      const versions = () =>
        line.received.flatMap((frame) => (frame.type === 'state-changed' ? [frame.version] : []))
      expect(versions()).not.toContain(site?.stateVersion)
      await platform.runTimers()
      await expect.poll(versions).toContain(site?.stateVersion)
    })

    it('sends a command when it is due, and not before, however deep it slept', async () => {
      const siteId = await createSite()
      const { line } = await greetEdge(platform, await enrolEdge(ada, siteId), { commands: ['bmc.power'] })
      const mac = '52:54:00:00:00:01'
      const { machineId } = (await ada.call('POST', '/api/v1/machines', { siteId, mac })).body
      const now = Date.now()
      const notBefore = now + 2000
      const command = { kind: 'bmc.power' } as unknown as NonNullable<
        (typeof commands.$inferInsert)['command']
      >
      const made = { title: 'Off', status: 'pending', createdBy: null, createdAt: now } as const
      const [first, second] = [crypto.randomUUID(), crypto.randomUUID()]
      for (const [commandId, at] of [
        [second, notBefore + 1000],
        [first, notBefore],
      ] as const)
        await platform.db.insert(commands).values({
          ...made,
          commandId,
          siteId,
          machineId,
          kind: 'bmc.power',
          command,
          notBefore: at,
          deadline: at + 60_000,
        })
      await platform.port('tendCommandsAt', '', siteId, notBefore)
      await platform.sleep(siteId)
      expect((await line.next('command')).commandId).toBe(first)
      expect(Date.now()).toBeGreaterThanOrEqual(notBefore)
      expect((await line.next('command')).commandId).toBe(second)
    })
  })

  describe('live events', () => {
    const watch = (cookie = ada.cookie()) =>
      openLine<LiveEvent>(platform, '/api/v1/events', { cookie, origin: platform.url })
    const publish = (...events: LiveEvent[]) => platform.port('live', 'publish', events)
    const progress = (bytesDone: number): LiveEvent => ({
      type: 'image-progress',
      imageId: 'image-1',
      edgeId: 'edge-1',
      phase: 'downloading',
      bytesDone,
      bytesTotal: 100,
    })

    it('lets nobody in who is not signed in', async () => {
      await expect(watch('')).rejects.toThrow('401')
    })

    it('reach who watches, in order, asleep or awake', async () => {
      const line = await watch()
      await line.next('hello')
      for (let done = 0; done < 10; done++) await publish(progress(done))
      await platform.sleep('none')
      for (let done = 10; done < 20; done++) await publish(progress(done))
      const seen = () =>
        line.received.flatMap((frame) => (frame.type === 'image-progress' ? [frame.bytesDone] : []))
      await expect.poll(seen).toEqual(Array.from({ length: 20 }, (_, index) => index))
      expect(await platform.port('live', 'count')).toBeGreaterThan(0)
      line.close()
      await expect.poll(() => platform.port('live', 'count')).toBe(0)
    })

    it('tell somebody who is limited to a site nothing of others, and end with their session', async () => {
      const [own, other] = [await createSite(), await createSite()]
      const person = { email: 'eve@example.com', password: 'correct horse battery staple' }
      const made = await ada.call('POST', '/api/v1/users', {
        ...person,
        name: 'Eve',
        role: 'user',
        siteIds: [own],
      })
      const signedIn = await fetch(`${platform.url}/api/auth/sign-in/email`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: platform.url },
        body: JSON.stringify(person),
      })
      const line = await watch(signedIn.headers.getSetCookie()[0]?.split(';')[0])
      await line.next('hello')
      // workerd ends a connection at once only when something has come by it; else some seconds after its last frame.
      line.send('here')
      await platform.sleep('none')
      const changed = (id: string): LiveEvent => ({ type: 'changed', entity: 'site', id })
      await publish(changed(other), changed(own))
      expect((await line.next('changed')).id).toBe(own)
      const endedAt = Date.now()
      await ada.call('DELETE', `/api/v1/users/${made.body.userId}/sessions`)
      expect((await line.closed).code).toBe(4401)
      // Because it was told, not because it looks again now and then.
      expect(Date.now() - endedAt).toBeLessThan(recheckMs / 4)
      expect(line.received).not.toContainEqual(changed(other))
    })

    it('leave the newest values for who looks later', async () => {
      const value = { phase: 'verifying', bytesDone: 5, bytesTotal: null, at: 7 }
      await platform.port('values', 'setImage', 'edge-2', 'image-2', value)
      await platform.port('values', 'setDeployment', 'deployment-2', { bytesDone: 1, bytesTotal: 2 })
      const images = () => platform.port<[string, unknown][]>('values', 'images')
      await expect.poll(images).toContainEqual(['edge-2 image-2', value])
      const deployments = await platform.port('values', 'deployments', ['deployment-2', 'another'])
      expect(deployments).toEqual([['deployment-2', { bytesDone: 1, bytesTotal: 2 }]])
      await platform.port('values', 'clearImage', 'edge-2', 'image-2')
      await expect.poll(images).not.toContainEqual(['edge-2 image-2', value])
    })
  })

  describe('secrets', () => {
    const seal = (text: string) => platform.port<string>('secrets', 'seal', text)
    const open = (text: string) => platform.port<string>('secrets', 'open', text)

    it('are opened as they were sealed, and never look the same', async () => {
      for (const text of ['', 'hunter2', '🧸 naïve \u0000', 'x'.repeat(65_536)]) {
        const [one, other] = [await seal(text), await seal(text)]
        expect(one).not.toBe(other)
        expect([await open(one), await open(other)]).toEqual([text, text])
        expect(one).not.toContain('hunter2')
      }
    })

    it('are not opened when they were altered, cut off or of another version', async () => {
      const sealed = await seal('hunter2')
      const altered = (index: number) =>
        sealed.slice(0, index) + (sealed[index] === 'A' ? 'B' : 'A') + sealed.slice(index + 1)
      const wrong = [3, 10, 20, sealed.length - 8].map(altered)
      for (const text of [...wrong, sealed.slice(0, -4), sealed.replace('v1.', 'v2.'), 'v1.', '', 'hunter2'])
        await expect(open(text), text).rejects.toThrow()
    })

    it('are the same on every platform that has the key, and nothing without it', async () => {
      const same = await createSecrets(platform.secretsKey)
      expect(await open(await same.seal('hunter2'))).toBe('hunter2')
      expect(await same.open(await seal('hunter2'))).toBe('hunter2')
      const stranger = await createSecrets(crypto.getRandomValues(new Uint8Array(32)))
      await expect(open(await stranger.seal('hunter2'))).rejects.toThrow()
      await expect(stranger.open(await seal('hunter2'))).rejects.toThrow()
    })
  })

  describe('files that people upload', () => {
    const file = Buffer.alloc(uploadPartBytes + 100_000)
    for (let at = 0; at + 4 <= file.length; at += 4) file.writeUInt32LE(at, at)
    const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

    it('go to an edge over HTTP, from where it was cut off', { timeout: 120_000 }, async () => {
      const edge = await enrolEdge(ada, await createSite())
      const begun = { name: 'Mine', fileName: 'mine.raw', sizeBytes: file.length }
      const { uploadId } = (await ada.call('POST', '/api/v1/image-uploads', begun)).body
      for (const offset of [0, uploadPartBytes]) {
        const part = file.subarray(offset, offset + uploadPartBytes)
        const query = `offset=${offset}&sha256=${sha256(part)}`
        const answer = await fetch(`${platform.url}/api/v1/image-uploads/${uploadId}/parts?${query}`, {
          method: 'PUT',
          headers: { cookie: ada.cookie(), origin: platform.url, 'content-type': 'application/octet-stream' },
          body: new Uint8Array(part),
        })
        expect(answer.status).toBe(200)
      }
      const { body: image } = await ada.call('POST', `/api/v1/image-uploads/${uploadId}/finish`)
      expect(image.checksum).toEqual({ algorithm: 'sha256', value: sha256(file) })

      const get = async (range?: string) =>
        fetch(platform.url + image.url, {
          headers: { authorization: `Bearer ${await edge.token()}`, ...(range ? { range } : {}) },
        })
      const whole = await get()
      expect(whole.headers.get('content-length')).toBe(String(file.length))
      const cut: Uint8Array[] = []
      for await (const bytes of whole.body ?? []) {
        cut.push(bytes)
        if (Buffer.concat(cut).length > 100_000) break
      }
      const start = Buffer.concat(cut)
      const rest = await get(`bytes=${start.length}-`)
      expect(rest.status).toBe(206)
      expect(rest.headers.get('etag')).toBe(whole.headers.get('etag'))
      const end = Buffer.from(await rest.arrayBuffer())
      expect(sha256(Buffer.concat([start, end]))).toBe(sha256(file))
      await ada.call('DELETE', `/api/v1/images/${image.imageId}`)
      expect((await get()).status).toBe(404)
    })
  })

  describe('what is taken once or counted', () => {
    const take = (key: string) => platform.port<boolean>('replay', 'take', key, Date.now() + 60_000)
    const count = (key: string, windowMs: number) =>
      platform.port<boolean>('limiter', 'take', key, 3, windowMs)

    it('takes an id once, whoever comes at the same moment, and after a sleep', async () => {
      const taken = await Promise.all(Array.from({ length: 20 }, () => take('edge-1 jti-1')))
      expect(taken.filter(Boolean)).toHaveLength(1)
      await platform.sleep('none')
      if (platform.evict) await platform.evict('none')
      expect(await take('edge-1 jti-1')).toBe(false)
      expect(await take('edge-1 jti-2')).toBe(true)
    })

    it('counts tries in a window, and forgets them after it', async () => {
      const tries = []
      for (let index = 0; index < 5; index++) tries.push(await count('a', 60_000))
      expect(tries).toEqual([true, true, true, false, false])
      expect(await count('b', 60_000)).toBe(true)
      for (let index = 0; index < 4; index++) await count('c', 100)
      await expect.poll(() => count('c', 100), { interval: 150 }).toBe(true)
    })

    it('refuses an edge’s token that was seen before', async () => {
      const edge = await enrolEdge(ada, await createSite())
      const headers = { authorization: `Bearer ${await edge.token()}` }
      const ask = async () => (await fetch(`${platform.url}/api/edge/v1/state`, { headers })).status
      expect([await ask(), await ask()]).toEqual([200, 401])
    })
  })
})
