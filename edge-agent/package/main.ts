import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { packageDir } from './build.ts'
import { packEdge } from './pack.ts'

const usage = `Packs dragonfly-edge: a tarball for npm, and one that needs no registry (Linux on x64).

  npm run edge-package -- [options]

  --out DIR          where the tarballs go (build/packages)
  --set-version V    another version than package.json's, to try updates
`

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    'set-version': { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) process.stdout.write(usage)
else {
  const outDir = resolve(values.out ?? join(packageDir, '../build/packages'))
  const version = values['set-version']
  const packed = await packEdge({ outDir, ...(version ? { version } : {}) })
  process.stdout.write(`${packed.plain}\n${packed.offline}\n`)
}
