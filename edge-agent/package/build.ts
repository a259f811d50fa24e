import { readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

export const packageDir = fileURLToPath(new URL('..', import.meta.url))

/** What is started as a process of its own: the name of the built file, and where it comes from. */
const entries = {
  main: 'src/main.ts',
  'boot-responder': 'src/services/boot/main.ts',
  'image-server': 'src/services/images/main.ts',
  'image-import': 'src/services/images/import-main.ts',
  'update-guard': 'src/services/update/guard-main.ts',
}

/** CommonJS packages inside an ES module still call `require` for Node's own modules. */
const requireBanner =
  "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);"

/** Zod's error texts in fifty languages are read by nobody here. */
const withoutLocales: Plugin = {
  name: 'without-locales',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents: 'export {}' }))
  },
}

/**
 * An ES module's import of one of Node's modules reads everything that it exports, and some of that is made when it is read:
 * `node:http` alone would load a whole second HTTP client into each of an edge's processes, for 13 MB. Taken from the
 * module itself, only what is there already is read.
 */
const withoutLazyExports: Plugin = {
  name: 'without-lazy-exports',
  setup({ onResolve, onLoad }) {
    const namespace = 'builtin'
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace, sideEffects: false } : { path, external: true },
    )
    onLoad({ filter: /^node:/, namespace }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => name !== 'default')
      // Pure: what nobody imports is left out, and so not read.
      const exports = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => all.${name})()`)
      return {
        contents: `const all = process.getBuiltinModule('${path}')\nexport default all\n${exports.join('\n')}`,
      }
    })
  },
}

/** Sources name files relative to themselves; everything built lies in one folder. */
const relocateUrls: Plugin = {
  name: 'relocate-urls',
  setup({ onLoad }) {
    onLoad({ filter: /edge-agent[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source.replace(
        /new URL\('([^']+)', import\.meta\.url\)/g,
        (_whole, target: string) => {
          const url = relocate(fileURLToPath(new URL(target, `file://${path}`)))
          return `new URL('${url}', import.meta.url)`
        },
      )
      return { contents, loader: 'ts' }
    })
  },
}

function relocate(target: string): string {
  if (target === join(packageDir, 'package.json')) return '../package.json'
  const entry = Object.entries(entries).find(([, source]) => target === join(packageDir, source))
  if (!entry) throw new Error(`${target} is named by its URL, and is no entry of the package`)
  return `./${entry[0]}.mjs`
}

/** Builds `dist/` of the published package: plain JavaScript for Node 22.15, with all but the native libraries. */
export async function buildDist(outDir = join(packageDir, 'dist')): Promise<void> {
  await rm(outDir, { recursive: true, force: true })
  await build({
    entryPoints: Object.entries(entries).map(([out, source]) => ({ out, in: join(packageDir, source) })),
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.15',
    external: ['libsql', 'koffi'],
    legalComments: 'eof',
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: requireBanner },
    plugins: [withoutLocales, withoutLazyExports, relocateUrls],
    logLevel: 'warning',
  })
}

if (basename(process.argv[1] ?? '') === 'build.ts') await buildDist()
