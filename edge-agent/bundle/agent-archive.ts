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

/**
 * Bundles the ramdisk agent into one file and wraps it as `/agent.mjs` in a cpio archive of its own, which the kernel
 * unpacks after the base: a new agent does not mean compressing Node again.
 * @throws BundleBuildError with esbuild's first error
 */
export async function createAgentArchive(entryPoint: string): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [entryPoint],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    legalComments: 'none',
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: REQUIRE_BANNER },
    plugins: [withoutLocales],
    write: false,
    logLevel: 'silent',
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new BundleBuildError(`The ramdisk agent (${entryPoint}) does not bundle: ${reason}`, { cause })
  })
  const output = result.outputFiles[0]
  if (!output) throw new BundleBuildError(`The ramdisk agent (${entryPoint}) gave no output.`)
  return encodeCpio([{ kind: 'file', path: 'agent.mjs', mode: 0o644, data: output.contents }])
}
