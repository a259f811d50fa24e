import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { writeAssetsAsTheyAre } from './build-worker-assets.ts'
import { root, runQuietly } from './steps.ts'

/** Compressed, as Workers counts. It takes 10 MB; a start has to be quick all the same. */
const maxBundleBytes = 2_000_000

const outDir = join(root, 'build/worker/dry-run')
await writeAssetsAsTheyAre()
for (const environment of ['production', 'staging']) {
  rmSync(outDir, { recursive: true, force: true })
  const args = ['deploy', '--dry-run', '--outdir', outDir, '--env', environment]
  const { code, output } = await runQuietly('wrangler', args, {
    CI: '1',
    WRANGLER_SEND_METRICS: 'false',
    CLOUDFLARE_API_TOKEN: '',
  })
  if (code !== 0) {
    console.log(output)
    process.exit(1)
  }
}
const files = readdirSync(outDir).filter((name) => !name.endsWith('.map') && name !== 'README.md')
const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(join(outDir, name))).byteLength, 0)
console.log(`   ${Math.round(bytes / 1000)} kB compressed, of ${maxBundleBytes / 1000} kB`)
if (bytes > maxBundleBytes) {
  console.log('   The Worker has grown too large: look at what it imports (build/worker/dry-run).')
  process.exit(1)
}
