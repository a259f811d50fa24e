import { ensureHostPackages, hostPackages } from '../lab/src/host-packages.ts'
import { buildSite } from './build-site.ts'

/** What the tests in a browser need: a browser, and the built portal. */
export async function prepareBrowser(): Promise<void> {
  await ensureHostPackages(hostPackages.browser)
  await buildSite()
}
