import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { encodeCpio } from './cpio.ts'
import { BundleBuildError } from './host.ts'

/** CommonJS packages inside an ES module bundle still call `require` for Node's own modules. */
const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);"

/** Zod's error texts in fifty languages: half of the agent, and read by nobody. */
const withoutLocales: Plugin = {
  name: 'without-locales',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents: 'export {}' }))
  },
}

/** What the agent starts as a thread: sources name it by its URL, beside themselves; in the ramdisk it is beside the agent. */
const thread = 'chunk-worker'
const threadEntry = join(import.meta.dirname, `../src/ramdisk/${thread}.ts`)

const relocateThread: Plugin = {
  name: 'relocate-thread',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]ramdisk[\\/].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source.replace(`new URL('./${thread}.ts', `, `new URL('./${thread}.mjs', `)
      return { contents, loader: 'ts' }
    })
  },
}

/**
 * Bundles the ramdisk agent and its thread into a file each and wraps them as `/agent.mjs` and `/chunk-worker.mjs` in a cpio
 * archive of their own, which the kernel unpacks after the base: a new agent does not mean compressing Node again.
 * @throws BundleBuildError with esbuild's first error
 */
export async function createAgentArchive(entryPoint: string): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [
      { in: entryPoint, out: 'agent' },
      { in: threadEntry, out: thread },
    ],
    outdir: '/',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    legalComments: 'none',
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: REQUIRE_BANNER },
    plugins: [withoutLocales, relocateThread],
    write: false,
    logLevel: 'silent',
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new BundleBuildError(`The ramdisk agent (${entryPoint}) does not bundle: ${reason}`, { cause })
  })
  return encodeCpio(
    result.outputFiles.map(({ path, contents }) => ({
      kind: 'file',
      path: basename(path),
      mode: 0o644,
      data: contents,
    })),
  )
}
