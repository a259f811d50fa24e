import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { administrator, controlPlaneProgram, endChild, freePort } from '../../../src/product.ts'

/** A control plane with the built portal, as `npm start` runs it, on localhost and without an edge. */
export interface Portal extends AsyncDisposable {
  url: string
  /** What the first administrator types; null when there is one already. */
  setupCode: string | null
  /** Everything that the server printed. */
  log(): string
}

export interface PortalOptions {
  /** By default there is one: see `administrator` in the lab's product.ts. */
  withAdministrator?: boolean
  environment?: NodeJS.ProcessEnv
}

const startsWithinMs = 60_000

export async function startPortal(options: PortalOptions = {}): Promise<Portal> {
  const dir = await mkdtemp(join(tmpdir(), 'dragonfly-portal-'))
  const port = await freePort('127.0.0.1')
  const url = `http://localhost:${port}`
  const { DRAGONFLY_ADMIN_EMAIL: _email, DRAGONFLY_ADMIN_PASSWORD: _password, ...environment } = process.env
  const child = spawn(process.execPath, [controlPlaneProgram, 'serve'], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...environment,
      HOST: '127.0.0.1',
      PORT: String(port),
      DRAGONFLY_DATA: join(dir, 'data'),
      DRAGONFLY_PUBLIC_URL: url,
      ...(options.withAdministrator === false
        ? {}
        : {
            DRAGONFLY_ADMIN_EMAIL: administrator.email,
            DRAGONFLY_ADMIN_PASSWORD: administrator.password,
          }),
      ...options.environment,
    },
  })
  let output = ''
  const keep = (part: Buffer): void => {
    output += part.toString()
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const close = async (): Promise<void> => {
    await endChild(child, 'SIGTERM')
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await untilGreeted(child, () => output)
  } catch (error) {
    await close()
    throw error
  }
  return {
    url,
    setupCode: output.match(/enter the code (\S+)/)?.[1] ?? null,
    log: () => output,
    [Symbol.asyncDispose]: close,
  }
}

async function untilGreeted(child: ChildProcess, log: () => string): Promise<void> {
  const deadline = Date.now() + startsWithinMs
  while (!/Dragonfly \S+ is at http/.test(log())) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`the control plane did not start:\n${log()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Signs in by the form; resolves when the machines are shown. */
export async function signIn(page: Page, person = administrator): Promise<void> {
  await fillSignIn(page, person)
  await page.getByRole('heading', { name: 'Machines', level: 1 }).waitFor()
}

export async function fillSignIn(page: Page, person = administrator): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}
