import { buildBundle } from '../edge-agent/bundle/build.ts'
import { ensureHostPackages, hostPackages } from '../lab/src/host-packages.ts'
import { ensureImage } from '../lab/src/image/build.ts'
import { buildSite } from './build-site.ts'

/** Everything that the virtual rack's tests need beforehand: host packages, portal, boot bundle, Debian image. */
export async function prepareRack(): Promise<void> {
  const say = (line: string): void => console.error(line)
  await ensureHostPackages([
    ...hostPackages.network,
    ...hostPackages.machines,
    ...hostPackages.image,
    ...hostPackages.browser,
  ])
  await buildSite()
  await buildBundle({ onProgress: say })
  await ensureImage()
}
