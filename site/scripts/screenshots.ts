// Takes a picture of every page, dark, light and on a phone:
//   DRAGONFLY_EMAIL=... DRAGONFLY_PASSWORD=... node site/scripts/screenshots.ts <url> <folder> [--machine ID]
// Without credentials it takes what can be seen from outside. CHROMIUM names the browser (/usr/bin/chromium).
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const looks = [
  { name: 'dark', colorScheme: 'dark', width: 1440, height: 900, isPhone: false },
  { name: 'light', colorScheme: 'light', width: 1440, height: 900, isPhone: false },
  { name: 'phone', colorScheme: 'dark', width: 390, height: 844, isPhone: true },
] as const
type Look = (typeof looks)[number]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { machine: { type: 'string' } },
})
const [base, folder] = positionals
if (!base || !folder) {
  console.error('usage: screenshots.ts <url> <folder> [--machine ID]')
  process.exit(2)
}
await mkdir(folder, { recursive: true })

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--no-first-run',
  ],
})
try {
  for (const look of looks) await takeAll(browser, look, base, folder)
} finally {
  await browser.close()
}

async function takeAll(browser: Browser, look: Look, base: string, folder: string): Promise<void> {
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width: look.width, height: look.height },
    colorScheme: look.colorScheme,
    deviceScaleFactor: 2,
    isMobile: look.isPhone,
    hasTouch: look.isPhone,
  })
  const page = await context.newPage()
  const take = async (name: string, path: string): Promise<void> => {
    await page.goto(path)
    await page.getByRole('heading', { level: 1 }).first().waitFor()
    // Long enough for a second piece of progress, so that a rate is shown.
    await page.waitForTimeout(2500)
    await page.screenshot({ path: join(folder, `${name}-${look.name}.png`) })
    console.error(`${name} (${look.name})`)
  }
  await take('sign-in', '/sign-in')
  await take('not-found', '/nothing-here')
  if (await signIn(context, page)) {
    const machineId = values.machine ?? (await findMachine(context))
    await take('machines', '/')
    if (machineId)
      for (const tab of ['now', 'hardware', 'log', 'history'])
        await take(`machine-${tab}`, `/machines/${machineId}?tab=${tab}`)
    for (const name of ['sites', 'images', 'templates']) await take(name, `/${name}`)
  }
  await context.close()
}

async function signIn(context: BrowserContext, page: Page): Promise<boolean> {
  const email = process.env.DRAGONFLY_EMAIL
  const password = process.env.DRAGONFLY_PASSWORD
  if (!email || !password) return (await context.request.get('/api/v1/me')).ok()
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Machines' }).waitFor()
  return true
}

/** One that is being deployed if there is one, else the first of the list. */
async function findMachine(context: BrowserContext): Promise<string | undefined> {
  const answer: unknown = await (await context.request.get('/api/v1/machines')).json()
  const { items } = answer as { items: { machineId: string; status: string }[] }
  return (items.find((machine) => machine.status === 'deploying') ?? items[0])?.machineId
}
