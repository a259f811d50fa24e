import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { packageDir } from './build.ts'
import { packEdge } from './pack.ts'

const usage = `Packs dragonfly-edge: a tarball for npm, and one that needs no registry (Linux on x64).

  npm run edge-package -- [options]

  --out DIR   where the tarballs go (build/packages)
`

const { values } = parseArgs({
  options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
})
if (values.help) process.stdout.write(usage)
else {
  const packed = await packEdge({ outDir: resolve(values.out ?? join(packageDir, '../build/packages')) })
  process.stdout.write(`${packed.plain}\n${packed.offline}\n`)
}
