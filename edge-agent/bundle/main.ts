import { parseArgs } from 'node:util'
import { type BuildOptions, BundleBuildError, buildBundleWithResult } from './build.ts'

const USAGE = `Builds the boot bundle: kernel, ramdisk and boot loaders.

  npm run bundle -- [options]

  --out DIR      where the bundle goes (build/bundle)
  --cache DIR    packages and the compressed ramdisk base (build/cache)
  --suite NAME   bookworm or trixie (this host's own)
  --agent FILE   entry point of the ramdisk agent (edge-agent/src/ramdisk/main.ts)
  --refresh      ask the mirror for newer packages now, not once a day
  --json         print {version, files, seconds, cached} on stdout
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      cache: { type: 'string' },
      suite: { type: 'string' },
      agent: { type: 'string' },
      refresh: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const startedAt = performance.now()
  const options: BuildOptions = {
    refresh: values.refresh,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  }
  if (values.out !== undefined) options.outDir = values.out
  if (values.cache !== undefined) options.cacheDir = values.cache
  if (values.suite !== undefined) options.suite = values.suite
  if (values.agent !== undefined) options.agentEntry = values.agent
  const { manifest, cached } = await buildBundleWithResult(options)
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10
  const files = manifest.files.map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 }))
  if (values.json)
    process.stdout.write(`${JSON.stringify({ version: manifest.version, files, seconds, cached })}\n`)
  else
    process.stderr.write(
      `Boot bundle: version ${manifest.version}, ${cached ? 'nothing changed' : 'built'} (${seconds} s)\n`,
    )
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  if (error instanceof BundleBuildError) {
    process.stderr.write(`Boot bundle: ${error.message}\n`)
    process.exitCode = error.exitCode
  } else if (
    error instanceof TypeError &&
    (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  ) {
    process.stderr.write(`${error.message}\n\n${USAGE}`)
    process.exitCode = 2
  } else {
    throw error
  }
}
