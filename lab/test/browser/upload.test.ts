import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openBrowser, takePictures } from '../support/browser.ts'
import { call } from './support/call.ts'
import { signIn, startPortal } from './support/portal.ts'

const partBytes = 8 * 1024 * 1024

test('an image is uploaded in parts: paused, the page loaded anew, another file refused, gone on with, and cancelled', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'upload-test-'))
  const path = join(dir, 'debian-13.raw')
  await writeFile(path, randomBytes(3 * partBytes + 4096))
  const other = join(dir, 'other.raw')
  await writeFile(other, randomBytes(3 * partBytes + 4096))
  try {
    await using portal = await startPortal()
    await using browser = await openBrowser(portal.url)
    const page = await browser.openTab()
    await signIn(page)
    await page.goto('/images')
    // The second part is held, so that there is time to press a button.
    let release = (): void => undefined
    await page.route(/parts\?offset=8388608&/, async (route) => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      await route.continue().catch(() => undefined)
    })
    await page.getByRole('button', { name: 'Upload image' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('File').setInputFiles(path)
    expect(await dialog.getByLabel('Name').inputValue()).toBe('debian-13')
    await takePictures(page, 'upload-dialog')
    await dialog.getByRole('button', { name: 'Upload', exact: true }).click()
    const row = page.getByRole('listitem', { name: 'Upload of debian-13' })
    await row.getByText(/^33 %/).waitFor()
    await row.getByRole('button', { name: 'Pause' }).click()
    await row.getByText('Paused', { exact: true }).waitFor()
    await takePictures(page, 'upload-paused')
    release()
    await page.unroute(/parts\?offset=8388608&/)

    await page.reload()
    await row.getByText('Not complete').waitFor()
    await row.getByLabel('File of debian-13').setInputFiles(other)
    await page.getByText('This is not the file that was begun').waitFor()
    await row.getByLabel('File of debian-13').setInputFiles(path)
    await page.getByText('debian-13 has arrived').waitFor()
    await row.waitFor({ state: 'detached' })
    const image = page.getByRole('listitem', { name: 'debian-13' })
    await image.getByText('uploaded: debian-13.raw').waitFor()
    await takePictures(page, 'upload-done')

    await call(page, 'POST', '/api/v1/image-uploads', { name: 'Left', fileName: 'left.raw', sizeBytes: 4096 })
    await page.reload()
    const left = page.getByRole('listitem', { name: 'Upload of Left' })
    await left.getByRole('button', { name: 'Cancel upload' }).click()
    await left.waitFor({ state: 'detached' })
    expect(browser.complaints()).toEqual([])
  } finally {
    await rm(dir, { recursive: true })
  }
})
