import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { buildDir } from '../../src/paths.ts'

/** How a browser tells what every visit begins with: that nobody is signed in yet. */
const strangerPattern = /status of 401 \(Unauthorized\) \(http\S+\/api\/v1\/me\)$/
/** What a server that is away makes the browser say; anything else on the console is a fault of ours. */
const awayPattern = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection to/

export interface PortalBrowser extends AsyncDisposable {
  /** A new tab; what its console complains of is remembered. */
  openTab(): Promise<Page>
  /** While the server is away on purpose, failing requests are no complaints. */
  setServerAway(isAway: boolean): void
  complaints(): readonly string[]
}

/** A person's browser, with whatever the content security policy or a script complains of. */
export async function openBrowser(baseUrl: string): Promise<PortalBrowser> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      // Stands for HTTPS: features and headers that a browser has for secure origins only are in use.
      `--unsafely-treat-insecure-origin-as-secure=${baseUrl}`,
    ],
  })
  const context = await browser.newContext({
    baseURL: baseUrl,
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
  })
  context.setDefaultTimeout(60_000)
  const complaints: string[] = []
  let isServerAway = false
  const complain = (text: string): void => {
    const isExpected = strangerPattern.test(text) || (isServerAway && awayPattern.test(text))
    if (!isExpected) complaints.push(text)
  }
  return {
    openTab: async () => {
      const page = await context.newPage()
      page.on('console', (message) => {
        if (message.type() === 'error') complain(`${message.text()} (${message.location().url})`)
      })
      page.on('pageerror', (error) => complain(String(error.stack ?? error)))
      return page
    },
    setServerAway: (isAway) => {
      isServerAway = isAway
    },
    complaints: () => complaints,
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

/** Takes a picture of a tab in both themes, for people to look at. */
export async function takePictures(page: Page, name: string): Promise<void> {
  const dir = join(buildDir, 'screenshots')
  await mkdir(dir, { recursive: true })
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(dir, `${name}-${colorScheme}.png`) })
  }
}
