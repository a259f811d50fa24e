import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { ApiClient, waitUntil } from '../src/api.ts'
import { lightChassis } from '../src/bmc/light-chassis.ts'
import { startSimulatedBmc } from '../src/bmc/simulated-bmc.ts'
import type { Lab } from '../src/lab.ts'
import { createLab } from '../src/lab.ts'
import { lan } from '../src/network.ts'
import { administrator, edgeDataDir, execEdge, runEdgeAgent, startControlPlane } from '../src/product.ts'
import { openBrowser } from './support/browser.ts'

/** Short enough for IPMI 1.5 already, and nowhere else in the world. */
const username = `op-${randomBytes(4).toString('hex')}`
const password = `Zq-${randomBytes(6).toString('hex')}`

/** A text as it is, and as it would look in base64, hexadecimal, UTF-16 and in an address. */
function disguises(text: string): Buffer[] {
  const bytes = Buffer.from(text)
  // At each of the three places in a group of base64; what the neighbours decide is left away.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(shift === 0 ? 0 : shift + 1, -4),
  )
  const hex = bytes.toString('hex')
  const bases = base64.flatMap((each) => [each, each.replaceAll('+', '-').replaceAll('/', '_')])
  const spaced = hex.replaceAll(/../g, '$& ').trim()
  const texts = [text, hex, hex.toUpperCase(), spaced, encodeURIComponent(text), ...bases]
  return [...texts.map((each) => Buffer.from(each)), Buffer.from(text, 'utf16le')]
}

async function readAll(dir: string): Promise<{ name: string; bytes: Buffer }[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(files.map(async (name) => ({ name, bytes: await readFile(name) })))
}

/** Every row of every table: in the file, a long value is in pieces. */
function dump(path: string): { name: string; bytes: Buffer } {
  const database = new DatabaseSync(path, { readOnly: true })
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all()
  const rows = tables.map(({ name }) => database.prepare(`select * from "${name}"`).all())
  database.close()
  return { name: `rows of ${path}`, bytes: Buffer.from(JSON.stringify(rows)) }
}

/** What went over the wire between a tab and the server, both ways, the live socket as well. */
async function recordTraffic(page: Page): Promise<{ name: string; bytes: Buffer }[]> {
  const seen: { name: string; bytes: Buffer }[] = []
  const keep = (name: string, text: string | Buffer | null): void => {
    if (text !== null) seen.push({ name, bytes: Buffer.from(text) })
  }
  await page.route('**/*', (route, request) => {
    keep(`request ${request.url()}`, `${request.url()} ${request.postDataBuffer()?.toString('latin1') ?? ''}`)
    return route.continue()
  })
  page.on('response', (response) => {
    if (!response.url().includes('/api/')) return
    void response.body().then(
      (body) => keep(`response ${response.url()}`, body),
      () => undefined,
    )
  })
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => keep('live, sent', payload))
    socket.on('framereceived', ({ payload }) => keep('live, received', payload))
  })
  return seen
}

/** A site with one edge, which sees the host that the simulated BMC is on. */
async function startSite(lab: Lab) {
  const controlPlane = await startControlPlane(lab)
  const api = new ApiClient(controlPlane.url)
  await api.signIn(administrator.email, administrator.password)
  const { siteId } = await api.createSite('Cupboard')
  const joined = await execEdge(lab, ['join', controlPlane.url, await api.createEnrolmentToken(siteId)])
  expect(joined, joined.stderr).toMatchObject({ exitCode: 0 })
  const edge = await runEdgeAgent(lab)
  await waitUntil(
    'the edge to be online with its key',
    async () => {
      const [found] = await api.edges()
      return (found?.status === 'online' && found.sealingKeySince !== null) || undefined
    },
    60_000,
  )
  return { controlPlane, api, siteId, edge }
}

/** Takes a machine in by hand, as an administrator does it: the password is sealed by this page. */
async function adopt(page: Page, address: string, port: number): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(administrator.email)
  await page.getByLabel('Password').fill(administrator.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
  await page.goto('/?do=adopt-bmc')
  const dialog = page.getByRole('dialog', { name: 'Adopt by BMC address' })
  await dialog.getByLabel('BMC address').fill(address)
  await dialog.getByLabel('Port').fill(String(port))
  await dialog.getByLabel('Speaks').selectOption('ipmi')
  await dialog.getByLabel('User name').fill(username)
  await dialog.getByLabel('Password').fill(password)
  await dialog.getByLabel('Name', { exact: true }).fill('rack-1')
  await dialog.getByRole('button', { name: 'Adopt' }).click()
  await page.getByRole('heading', { name: 'rack-1' }).waitFor()
}

test('a BMC’s password is typed, sealed, stored, opened and used, and is in no place where it could be read', async () => {
  await using lab = await createLab({ name: 'sealed-password' })
  const chassis = lightChassis(1, { isOn: false })
  await using bmc = await startSimulatedBmc({
    chassis,
    address: lab.uplink.hostAddress,
    redfishPort: null,
    users: [{ name: username, password }],
  })
  const { controlPlane, api, siteId, edge } = await startSite(lab)
  await using browser = await openBrowser(controlPlane.url)
  const page = await browser.openTab()
  const traffic = await recordTraffic(page)

  await adopt(page, bmc.address, bmc.ipmiPort)
  await page.getByRole('button', { name: 'Power on', exact: true }).click()
  await waitUntil(
    'the BMC to power the machine on',
    async () => chassis.starts.length > 0 || undefined,
    60_000,
  )
  expect(bmc.ipmiSessionCount()).toBeGreaterThan(0)

  // A new key, and the passwords sealed anew for it by the edge: that way is looked at, too.
  await edge.stop()
  expect(await execEdge(lab, ['rotate-sealing-key'])).toMatchObject({ exitCode: 0 })
  const again = await runEdgeAgent(lab)
  const [{ edgeId, fingerprint } = { edgeId: '', fingerprint: '' }] = await api.edges()
  const passwords = `/api/v1/edges/${edgeId}/passwords`
  const outdated = async () => (await api.request<{ outdated: number }>('GET', passwords)).outdated
  await waitUntil('the edge to tell its new key', async () => (await outdated()) === 1 || undefined, 60_000)
  expect((await execEdge(lab, ['status'])).stdout).toContain(fingerprint)
  await api.request('POST', `${passwords}/share`, { fingerprint })
  await waitUntil('the password to be sealed anew', async () => (await outdated()) === 0 || undefined, 60_000)

  // One that is wrong: what fails is told in words, which hold nothing of it either.
  await page.reload()
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('User name').fill(username)
  await dialog.getByLabel('Password').fill(`${password}9`)
  await dialog.getByRole('button', { name: 'Save' }).click()
  const [machine] = (await api.request<{ items: { machineId: string }[] }>('GET', '/api/v1/machines')).items
  const bmcPath = `/api/v1/machines/${machine?.machineId}/bmc`
  await waitUntil(
    'the BMC to refuse it',
    async () => (await api.request<{ problem: string | null }>('GET', bmcPath)).problem ?? undefined,
    60_000,
  )

  const paths = [
    'machines',
    `machines/${machine?.machineId}`,
    'commands',
    'audit',
    'edges',
    'sealed-credentials',
  ]
  const sites = [`sites/${siteId}/sealing-keys`, 'sites', 'recovery-key', 'safety']
  const answers = await Promise.all(
    [...paths, ...sites].map(async (path) => ({
      name: path,
      bytes: Buffer.from(JSON.stringify(await api.request('GET', `/api/v1/${path}`))),
    })),
  )
  const metrics = await page.request.get('/metrics')
  expect(metrics.status()).toBe(200)
  // It answers where it serves machines.
  await api.serveNetboot(edgeId, 'eth0')
  const scrape = ['curl', '-sf', `http://${lan.edge}:6872/metrics`]
  const edgeMetrics = await waitUntil(
    'the edge to serve its metrics',
    async () => {
      const { exitCode, stdout } = await lab.exec('edge', scrape)
      return exitCode === 0 ? stdout : undefined
    },
    60_000,
  )
  const running = [...(await readAll(edgeDataDir(lab))), dump(join(edgeDataDir(lab), 'edge.db'))]
  await again.stop()
  await controlPlane.stop()

  const places = [
    ...traffic,
    ...answers,
    { name: 'metrics of the control plane', bytes: await metrics.body() },
    { name: 'metrics of the edge', bytes: Buffer.from(edgeMetrics) },
    { name: 'log of the control plane', bytes: await readFile(controlPlane.log) },
    { name: 'log of the edge', bytes: await readFile(edge.log) },
    ...running,
    ...(await readAll(join(lab.state.dir, 'control-plane'))),
    ...(await readAll(edgeDataDir(lab))),
    dump(join(lab.state.dir, 'control-plane', 'dragonfly.db')),
    dump(join(edgeDataDir(lab), 'edge.db')),
  ]
  // What is looked through does hold what was sealed, on each side.
  const sealedAt = (part: string) =>
    places.some(({ name, bytes }) => name.includes(part) && bytes.includes('ECDH-ES+A256KW'))
  expect(['request ', 'rows of', 'sealed-credentials'].map(sealedAt)).toEqual([true, true, true])
  expect(traffic.some(({ name }) => name === 'live, received')).toBe(true)
  const secrets = [...disguises(password), ...disguises(username)]
  const leaks = places.filter(({ bytes }) => secrets.some((secret) => bytes.includes(secret)))
  expect(leaks.map(({ name }) => name)).toEqual([])
})
