import { readFile } from 'node:fs/promises'
import { hostname as thisHost } from 'node:os'
import { join } from 'node:path'
import type { DeploymentView, EdgeView, LogView } from '@dragonfly/schema/api'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { runCommand } from '../src/command.ts'
import { runOverSsh } from '../src/deploy.ts'
import { ensureImage } from '../src/image/build.ts'
import { serveImage } from '../src/image-host.ts'
import type { Lab } from '../src/lab.ts'
import type { Machine } from '../src/machine.ts'
import { repositoryRoot } from '../src/paths.ts'
import {
  administrator,
  type ControlPlane,
  edgeDataDir,
  runEdgeAgent,
  startControlPlane,
} from '../src/product.ts'
import { openBrowser, type PortalBrowser, takePictures } from './support/browser.ts'
import { inRack } from './support/rack.ts'

const bootTimeoutMs = 600_000
const allStages = [
  ...['powering', 'firmware', 'bootloader', 'kernel', 'ramdisk', 'writing'],
  ...['configuring', 'restarting', 'first-boot'],
]

/** Asks the API with the session of the browser. */
async function ask<T>(page: Page, path: string): Promise<T> {
  const response = await page.request.get(path)
  expect(response.status(), path).toBe(200)
  return (await response.json()) as T
}

async function becomeAdministrator(page: Page, controlPlane: ControlPlane): Promise<void> {
  const code = (await readFile(controlPlane.log, 'utf8')).match(/enter the code (\S+)/)?.[1]
  expect(code, 'the server prints a code').toBeDefined()
  await page.goto('/')
  await page.getByRole('textbox', { name: 'Code' }).fill(code ?? '')
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('E-mail').fill(administrator.email)
  await page.getByLabel('Password').fill(administrator.password)
  await page.getByRole('button', { name: 'Create the administrator' }).click()
  await page.getByRole('heading', { name: 'Keep your account yours' }).waitFor()
  await page.getByRole('link', { name: 'Dragonfly' }).click()
  await page.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
  await page.getByRole('region', { name: 'What happens next' }).waitFor()
}

/** Runs the very command that the page shows, beside the machines; the page says when the edge is there. */
async function enrolEdge(lab: Lab, page: Page): Promise<void> {
  await page.goto('/sites')
  await page.getByRole('button', { name: 'Create site' }).first().click()
  await page.getByRole('dialog').getByLabel('Name').fill('Cupboard')
  await page.getByRole('dialog').getByRole('button', { name: 'Create site' }).click()
  await page.getByRole('button', { name: 'Add an edge' }).click()
  const command = await page.getByRole('region', { name: 'Join command' }).innerText()
  const env = { ...process.env, DRAGONFLY_EDGE_DATA: edgeDataDir(lab) }
  const joined = await lab.exec('edge', ['sh', '-c', command], { cwd: repositoryRoot, env })
  expect(joined, command).toMatchObject({ exitCode: 0 })
  await runEdgeAgent(lab)
  await page.getByText(`${thisHost()} is connected.`).waitFor()
  await page.getByRole('button', { name: 'Done' }).click()
}

async function switchOnNetboot(page: Page): Promise<void> {
  const edge = page.getByRole('article', { name: `Edge ${thisHost()}` })
  const mode = edge.getByRole('radiogroup', { name: 'Mode of eth0' })
  await mode.getByRole('radio', { name: 'proxyDHCP' }).click()
  await mode.getByRole('radio', { name: 'proxyDHCP', checked: true }).waitFor()
  await waitUntil(
    'the edge to hold the boot bundle and to serve its LAN',
    async () => {
      const { items } = await ask<{ items: EdgeView[] }>(page, '/api/v1/edges')
      return (items[0]?.upToDate && items[0].bundleVersion !== null) || undefined
    },
    300_000,
  )
}

async function importImage(lab: Lab, page: Page): Promise<void> {
  const image = await ensureImage()
  const host = await serveImage(image.path, lab.uplink.hostAddress)
  await page.goto('/images')
  await page.getByRole('button', { name: 'Import image' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Address').fill(host.url)
  await dialog.getByLabel('Checksum').fill(`${image.sha256}  image.raw`)
  await dialog.getByLabel('Name').fill('Debian 12')
  await dialog.getByRole('button', { name: 'Import image' }).click()
  const row = page.getByRole('listitem', { name: 'Debian 12' })
  await row.getByText('Ready', { exact: true }).waitFor({ timeout: 300_000 })
  await host.close()
}

/** The machine appears by itself; resolves to its page, once its ramdisk waits for work. */
async function adopt(page: Page): Promise<string> {
  const wants = page.getByRole('region', { name: 'Wants you' })
  await wants.getByRole('button', { name: 'Adopt' }).click({ timeout: bootTimeoutMs })
  await page.getByRole('dialog').getByLabel('Name').fill('web-1')
  await page.getByRole('dialog').getByRole('button', { name: 'Adopt' }).click()
  await page.getByRole('table', { name: 'Machines' }).getByRole('link', { name: 'web-1' }).click()
  await page.getByRole('heading', { name: 'web-1', level: 1 }).waitFor()
  return new URL(page.url()).pathname.split('/').at(-1) ?? ''
}

async function deploy(page: Page, sshKey: string): Promise<void> {
  await page.getByRole('button', { name: 'Deploy', exact: true }).click()
  const dialog = page.getByRole('dialog')
  const image = dialog.getByLabel('Image', { exact: true })
  const choice = await image.getByRole('option', { name: /^Debian 12/ }).getAttribute('value')
  await image.selectOption(choice ?? '')
  await dialog.getByLabel('Host name').fill('web-1')
  await dialog.getByLabel('Disk', { exact: true }).selectOption('largest')
  await dialog.getByLabel('Kind').selectOption('any')
  await dialog.getByLabel('SSH keys').fill(sshKey)
  await dialog.getByLabel('User name').fill('ada')
  await dialog.getByRole('button', { name: 'Review' }).click()
  await dialog.getByText(/This overwrites/).waitFor()
  await dialog.getByRole('button', { name: 'Overwrite and deploy' }).click()
  await holdToProceed(page)
}

/** Safe mode, which is the default: what destroys something wants a button held until its ring is full. */
async function holdToProceed(page: Page): Promise<void> {
  const hold = page.getByRole('button', { name: 'Hold to proceed', disabled: false })
  await hold.waitFor()
  await hold.hover()
  await page.mouse.down()
  await hold.waitFor({ state: 'detached' })
  await page.mouse.up()
}

/** Watches the bar move, then takes the server away until the installed system has called home; returns when. */
async function loseServerWhileWriting(
  browser: PortalBrowser,
  pages: { machine: Page; list: Page },
  controlPlane: ControlPlane,
  machine: Machine,
): Promise<{ from: number; until: number }> {
  const stages = pages.machine.getByRole('list', { name: 'Stages' })
  const current = stages.locator('[aria-current="step"]')
  await current.getByText('Writing', { exact: true }).waitFor({ timeout: bootTimeoutMs })
  const bar = pages.machine.getByRole('progressbar', { name: 'Writing the disk' })
  const readBar = async (): Promise<number> => Number(await bar.getAttribute('aria-valuenow'))
  const seen = await waitUntil(
    'the bar to show bytes',
    async () => (await readBar()) || undefined,
    60_000,
    50,
  )
  await waitUntil('the bar to move', async () => (await readBar()) > seen || undefined, 60_000, 50)
  await takePictures(pages.machine, 'deploying-machine')
  await takePictures(pages.list, 'deploying-machines')

  browser.setServerAway(true)
  await controlPlane.kill()
  const from = Date.now()
  await pages.machine.getByText('Not live: reconnecting …').waitFor()
  await machine.waitForSerial(/PHONEHOME sent/, bootTimeoutMs)
  const until = Date.now()
  await controlPlane.start()
  return { from, until }
}

/** Everything that happened is there once, also what happened while nobody could be told. */
async function expectWholeHistory(page: Page, machineId: string, outage: { from: number; until: number }) {
  const { items } = await ask<{ items: DeploymentView[] }>(page, `/api/v1/deployments?machineId=${machineId}`)
  const [deployment] = items
  expect(items).toHaveLength(1)
  expect(deployment).toMatchObject({ status: 'deployed', attempt: 1, hostname: 'web-1', failure: null })
  const timeline = deployment?.timeline ?? []
  // Its ramdisk was up when the order came, so that it began there.
  const begins = allStages.indexOf('ramdisk')
  expect(timeline.map((entry) => entry.stage)).toEqual(['powering', ...allStages.slice(begins)])
  const times = timeline.map((entry) => entry.startedAt)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  const during = timeline.filter((entry) => entry.startedAt > outage.from && entry.startedAt < outage.until)
  expect(during.map((entry) => entry.stage)).toEqual(allStages.slice(allStages.indexOf('configuring')))

  const { lines } = await ask<LogView>(page, `/api/v1/machines/${machineId}/log?limit=2000&after=0`)
  const told = lines.map((line) => line.text)
  const landmarks = [/^writing Debian 12 /, /^written and checked in /, /^the seed is on /]
  const places = landmarks.map((landmark) =>
    told.flatMap((text, index) => (landmark.test(text) ? [index] : [])),
  )
  expect(places, told.join('\n')).toEqual(places.map(() => [expect.any(Number)]))
  expect(places.flat()).toEqual(places.flat().toSorted((a, b) => a - b))
  expect(lines.filter((line) => line.at > outage.from && line.at < outage.until).length).toBeGreaterThan(2)
}

test('a machine is deployed through the portal, from first run to SSH, with the control plane away meanwhile', () =>
  inRack('portal-test', async (lab) => {
    const controlPlane = await startControlPlane(lab, { withAdministrator: false })
    await using browser = await openBrowser(controlPlane.url)
    const page = await browser.openTab()
    await becomeAdministrator(page, controlPlane)
    await enrolEdge(lab, page)
    await switchOnNetboot(page)
    await importImage(lab, page)

    await page.getByRole('link', { name: 'Machines' }).first().click()
    const machine = await lab.addMachine('web-1', { firmware: 'bios', disks: ['virtio'] })
    await machine.powerOn()
    const machineId = await adopt(page)
    const list = await browser.openTab()
    await list.goto('/')
    const key = join(lab.state.dir, 'ssh-key')
    await runCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'ada@laptop', '-f', key])
    await deploy(page, (await readFile(`${key}.pub`, 'utf8')).trim())
    const outage = await loseServerWhileWriting(browser, { machine: page, list }, controlPlane, machine)

    const outcome = page.getByRole('region', { name: 'What happened' })
    await outcome.getByText('It is up, and it called home.').waitFor({ timeout: 180_000 })
    await page.getByText('Not live: reconnecting …').waitFor({ state: 'detached' })
    browser.setServerAway(false)
    await expectWholeHistory(page, machineId, outage)
    await takePictures(page, 'deployed-machine')
    const address = (await outcome.innerText()).match(/10\.77\.0\.\d+/)?.[0] ?? ''
    expect(await runOverSsh(lab, { address, user: 'ada', key, command: 'hostname' })).toBe('web-1')
    expect(browser.complaints()).toEqual([])
    await controlPlane.stop()
  }))
