import { buildBundle } from '../edge-agent/bundle/build.ts'
import { ensureHostPackages, hostPackages } from '../lab/src/host-packages.ts'
import { ensureImage } from '../lab/src/image/build.ts'
import { prepareBrowser } from './prepare-browser.ts'

/** Everything that the virtual rack's tests need beforehand: host packages, portal, boot bundle, Debian image. */
export async function prepareRack(): Promise<void> {
  const say = (line: string): void => console.error(line)
  await ensureHostPackages([...hostPackages.network, ...hostPackages.machines, ...hostPackages.image])
  await prepareBrowser()
  await buildBundle({ onProgress: say })
  await ensureImage()
}
