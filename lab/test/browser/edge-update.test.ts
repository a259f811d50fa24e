import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { updateOverdueMs } from '@dragonfly/schema/state'
import { type SiteState, updateAbility } from '@dragonfly/schema/wire'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { type EdgeIdentity, type EdgeLink, enrolEdge, openEdgeLink } from '../../src/simulator/edge-link.ts'
import { openBrowser, takePictures } from '../support/browser.ts'
import { call } from './support/call.ts'
import { signIn, startPortal } from './support/portal.ts'

const version = '1.0.0'

/** An edge that hears what is wanted of it, and does nothing by itself. */
interface IdleEdge {
  link: EdgeLink
  /** Resolves when its site's state asks it for an update, by another request than this one. */
  asked(before?: string): Promise<string>
}

function startIdleEdge(identity: EdgeIdentity, runs: string): IdleEdge {
  let wish: SiteState['edgeUpdate']
  const link = openEdgeLink(identity, {
    version: runs,
    commands: [updateAbility],
    onState: (state) => {
      wish = state.edgeUpdate
    },
    onStatus: () => undefined,
  })
  return {
    link,
    asked: async (before) => {
      await expect.poll(() => wish?.requestId ?? before, { timeout: 60_000 }).not.toBe(before)
      return wish?.requestId ?? ''
    },
  }
}

async function enrol(page: Page, url: string): Promise<EdgeIdentity> {
  const { siteId } = (await call(page, 'POST', '/api/v1/sites', { name: 'Attic' })).body
  const { token } = (await call(page, 'POST', `/api/v1/sites/${siteId}/enrolment-tokens`)).body
  return enrolEdge(url, token, 'attic-1', version)
}

async function takePhonePictures(page: Page, name: string): Promise<void> {
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  await takePictures(page, name)
  await page.setViewportSize({ width: 1440, height: 900 })
}

test('an edge is updated; one that says nothing for long is asked again; one that went back says why', async () => {
  const packages = await mkdtemp(join(tmpdir(), 'dragonfly-packages-'))
  await writeFile(join(packages, 'dragonfly-edge-1.1.0-linux-x64.tgz'), 'the next version')
  await using portal = await startPortal({ environment: { DRAGONFLY_EDGE_PACKAGES_DIR: packages } })
  await using browser = await openBrowser(portal.url)
  const page = await browser.openTab()
  await signIn(page)
  const identity = await enrol(page, portal.url)
  const edge = startIdleEdge(identity, version)
  await page.goto('/sites')
  const card = page.getByRole('article', { name: 'Edge attic-1' })

  await card.getByRole('button', { name: 'Update to 1.1.0' }).click()
  const dialog = page.getByRole('dialog', { name: 'Update attic-1?' })
  await dialog.getByText('It goes from version 1.0.0 to 1.1.0.').waitFor()
  await takePictures(page, 'edge-update-dialog')
  await dialog.getByRole('button', { name: 'Update to 1.1.0' }).click()
  await dialog.waitFor({ state: 'detached' })
  await card.getByText('updating to 1.1.0').waitFor()
  const first = await edge.asked()
  await takePictures(page, 'edge-update-under-way')

  // Some minutes later.
  await page.clock.setFixedTime(Date.now() + updateOverdueMs + 60_000)
  await page.goto('/sites')
  const note = card.getByRole('region', { name: 'Update' })
  await note.getByText('It has not come back as version 1.1.0').waitFor()
  expect(await card.getByText('updating to 1.1.0').count()).toBe(0)
  await takePictures(page, 'edge-update-overdue')
  await takePhonePictures(page, 'edge-update-overdue-phone')
  await note.getByRole('button', { name: 'Ask again' }).click()
  await edge.asked(first)
  await page.clock.setFixedTime(Date.now())
  await page.goto('/sites')
  await card.getByText('updating to 1.1.0').waitFor()
  expect(await note.count()).toBe(0)

  // It tried, and went back.
  const undone = 'The update to version 1.1.0 was undone, and version 1.0.0 runs again: it did not serve.'
  edge.link.append([{ type: 'edge.problem', problem: 'update-rolled-back', message: undone }])
  await card.getByText(undone).waitFor()
  await card.getByText('updating to 1.1.0').waitFor({ state: 'detached' })
  await card.getByRole('button', { name: 'Update to 1.1.0' }).click()
  await dialog.getByRole('button', { name: 'Update to 1.1.0' }).click()
  await card.getByText('updating to 1.1.0').waitFor()

  // This time it works.
  edge.link.stop()
  const updated = startIdleEdge(identity, '1.1.0')
  await card.getByText('version 1.1.0').waitFor()
  await card.getByText('updating to 1.1.0').waitFor({ state: 'detached' })
  expect(await card.getByRole('button', { name: /^Update to/ }).count()).toBe(0)
  updated.link.stop()
  expect(browser.complaints()).toEqual([])
  await rm(packages, { recursive: true, force: true })
})
