import { spawn } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildDist, packageDir } from '../../package/build.ts'
import { joinSite } from '../../src/services/join.ts'
import { joinToken, startControlPlane } from '../control-plane.ts'

/** What the parent wants of this process: an edge as it is published, joined to a control plane of the test. */
export interface EdgeLoad {
  dataDir: string
  /** Where the built edge is put: somewhere below the workspace, for its native libraries. */
  distDir: string
  interfaceName: string
}

process.once('message', async ({ dataDir, distDir, interfaceName }: EdgeLoad) => {
  await buildDist(distDir)
  copyFileSync(join(packageDir, 'package.json'), join(distDir, '..', 'package.json'))
  const control = await startControlPlane()
  const bundleVersion = await control.setBundle({ 'snponly.efi': Buffer.alloc(1024 * 1024, 7) })
  control.setState({ interfaces: [{ name: interfaceName, mode: 'proxy' }], bundleVersion })
  const joined = await joinSite({ url: control.url, token: joinToken, dataDir, force: false }, Date.now)
  if (joined.kind !== 'joined') throw new Error(joined.message)
  const edge = spawn(process.execPath, [join(distDir, 'main.mjs'), 'run', '--data', dataDir], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  edge.once('exit', (code) => process.exit(code ?? 1))
  process.once('SIGTERM', () => edge.kill('SIGTERM'))
  process.send?.({ pid: edge.pid })
})
