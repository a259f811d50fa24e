import { lstat, mkdir, readdir, readFile, readlink, symlink } from 'node:fs/promises'
import { dirname, join, normalize, relative } from 'node:path'
import { parseLibraryList } from './elf.ts'
import { BundleBuildError, run } from './host.ts'

const LIBRARY_DIR = 'usr/lib/x86_64-linux-gnu'
const LOADER = `${LIBRARY_DIR}/ld-linux-x86-64.so.2`
const EXCLUDED = [
  './usr/share/doc',
  './usr/share/man',
  './usr/share/locale',
  './usr/share/info',
  './usr/share/lintian',
]

/**
 * The unpacked packages, /usr merged. Its programs run through its own loader and libraries, so that the build does not
 * depend on the host's, and nothing of the host gets into the ramdisk.
 */
export class PackageTree {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  /** Unpacks package files into `root`, an empty directory. Needs no root rights: owners and devices do not matter here. */
  static async unpack(root: string, packageFiles: readonly string[]): Promise<PackageTree> {
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
      await mkdir(join(root, 'usr', name), { recursive: true })
      await symlink(`usr/${name}`, join(root, name))
    }
    const excludes = EXCLUDED.map((path) => `--exclude=${path}`)
    const flags = ['--keep-directory-symlink', '--no-same-owner', '--no-same-permissions', ...excludes]
    for (const file of packageFiles) {
      const script = 'dpkg-deb --fsys-tarfile "$0" | tar -x -f - "$@"'
      await run('bash', ['-o', 'pipefail', '-c', script, file, '-C', root, ...flags])
    }
    return new PackageTree(root)
  }

  /** The real path (below the tree) of `path`, following links as if the tree were `/`; null when there is no such file. */
  async resolve(path: string): Promise<string | null> {
    let current = path
    for (let hops = 0; hops < 40; hops += 1) {
      const link = await this.#firstLink(current)
      if (link === null) return (await exists(join(this.root, current))) ? current : null
      const base = link.target.startsWith('/') ? '' : dirname(link.at)
      current = normalize(join('/', base, link.target, link.rest)).slice(1)
    }
    return null
  }

  async #firstLink(path: string): Promise<{ at: string; target: string; rest: string } | null> {
    const parts = path.split('/')
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const at = parts.slice(0, depth).join('/')
      const target = await readlink(join(this.root, at)).catch(() => null)
      if (target !== null) return { at, target, rest: parts.slice(depth).join('/') }
    }
    return null
  }

  /** @throws BundleBuildError when no package brought the file */
  async read(path: string): Promise<Buffer> {
    const real = await this.resolve(path)
    if (real === null)
      throw new BundleBuildError(`No package brought ${path}; the list in contents.ts needs a change.`)
    return readFile(join(this.root, real))
  }

  /** Runs a program of the tree (path below it) with the tree's libraries. */
  async run(program: string, args: readonly string[], options: { cwd?: string } = {}): Promise<Buffer> {
    const real = await this.resolve(program)
    if (real === null) throw new BundleBuildError(`No package brought ${program}, which the build runs.`)
    const libraries = join(this.root, LIBRARY_DIR)
    const loaderArgs = [
      '--inhibit-cache',
      '--library-path',
      libraries,
      '--argv0',
      program,
      join(this.root, real),
    ]
    return run(join(this.root, LOADER), [...loaderArgs, ...args], options)
  }

  /**
   * The shared libraries of a program as soname -> path below the tree.
   * @throws BundleBuildError naming a library that no package brought
   */
  async librariesOf(programFile: string): Promise<Map<string, string>> {
    const args = ['--inhibit-cache', '--library-path', join(this.root, LIBRARY_DIR), '--list', programFile]
    const text = await run(join(this.root, LOADER), args).then(
      (output) => output.toString('utf8'),
      // a static program has no list
      (error: unknown) => {
        if (error instanceof BundleBuildError && error.message.includes('statically linked')) return ''
        throw error
      },
    )
    const { libraries, missing } = parseLibraryList(text)
    const foreign = [...libraries]
      .filter(([, path]) => !path.startsWith(`${this.root}/`))
      .map(([soname]) => soname)
    if (missing.length + foreign.length > 0) {
      const names = [...missing, ...foreign].join(', ')
      throw new BundleBuildError(
        `${programFile} needs ${names}, which no package of the list in contents.ts brings.`,
      )
    }
    return new Map([...libraries].map(([soname, path]) => [soname, relative(this.root, path)]))
  }

  /** Files below a directory of the tree, as paths relative to it. Links to files count, links to directories do not. */
  async list(directory: string): Promise<string[]> {
    const start = join(this.root, directory)
    const entries = await readdir(start, { recursive: true, withFileTypes: true }).catch(() => [])
    return entries
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => relative(start, join(entry.parentPath, entry.name)))
      .sort()
  }

  get loaderPath(): string {
    return LOADER
  }

  get libraryDir(): string {
    return LIBRARY_DIR
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
