import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Progress } from './apt.ts'
import * as contents from './contents.ts'
import { type CpioEntry, directoriesFor, encodeCpio } from './cpio.ts'
import { emptyBiggestSegment } from './elf.ts'
import { BundleBuildError, run } from './host.ts'
import { chooseModules, loadOrder, parseBuiltin, parseModulesDep } from './modules.ts'
import type { PackageTree } from './package-tree.ts'

const ROOTFS_DIR = join(import.meta.dirname, 'rootfs')
const EMPTY_DIRECTORIES = ['dev', 'proc', 'sys', 'run', 'tmp', 'mnt', 'root', 'var/lib', 'etc']
const INDEX_FILES = [
  'dep.bin',
  'alias.bin',
  'symbols.bin',
  'softdep',
  'builtin',
  'builtin.bin',
  'builtin.alias.bin',
  'builtin.modinfo',
  'order',
  'dep',
  'alias',
  'devname',
]

/** A ramdisk being put together: path -> entry. The first to claim a path keeps it. */
type Files = Map<string, CpioEntry>

export type RamdiskInputs = {
  tree: PackageTree
  kernelVersion: string
  nodePath: string
  workDir: string
  onProgress: Progress
}

/**
 * Builds everything of the ramdisk but the agent, as a cpio archive: what the first seconds need, and `/usr` as a
 * compressed image in a file. The kernel decompresses of it what is read, when it is read.
 */
export async function createBaseArchive(inputs: RamdiskInputs): Promise<Uint8Array> {
  const { tree } = inputs
  const usr: Files = new Map()
  for (const tool of contents.TOOLS) await addProgram(usr, tree, tool)
  for (const [path, target] of Object.entries(contents.TOOL_LINKS)) addLink(usr, path, target)
  await addNode(usr, inputs)
  for (const path of contents.DATA_FILES) {
    if ((await tree.resolve(path)) !== null) addFile(usr, path, 0o644, await tree.read(path))
  }
  await addBusybox(usr, tree)
  const earlyModules = await addModules(usr, inputs)
  const files: Files = new Map()
  await addRootfs(files)
  // the few files that are not below usr/
  for (const [path, entry] of usr) {
    if (path.startsWith('usr/')) continue
    files.set(path, entry)
    usr.delete(path)
  }
  addEarlyPrograms(files, usr, earlyModules)
  addFile(files, 'usr.squashfs', 0o644, await createSquashfs(usr, inputs))
  return encodeCpio(withDirectories(files))
}

/** Busybox and the drivers of the compressed image, outside of it; `/init` loads the drivers in the order of their names. */
function addEarlyPrograms(files: Files, usr: Files, modulePaths: readonly string[]): void {
  const copy = (from: string, to: string): void => {
    const entry = usr.get(from)
    if (entry) files.set(to, { ...entry, path: to })
  }
  copy('usr/bin/busybox', 'usr/bin/busybox')
  for (const applet of contents.EARLY_APPLETS) addLink(files, `usr/bin/${applet}`, 'busybox')
  modulePaths.forEach((path, index) => {
    copy(path, `early/${String(index).padStart(2, '0')}-${basename(path)}`)
  })
}

/** Packs what is below `usr/`; the same input gives the same bytes. */
async function createSquashfs(usr: Files, { tree, workDir, onProgress }: RamdiskInputs): Promise<Buffer> {
  const directory = join(workDir, 'squashfs-root')
  const image = join(workDir, 'usr.squashfs')
  await rm(directory, { recursive: true, force: true })
  let sizeBytes = 0
  const names = ['usr/bin/.', 'usr/sbin/.', 'usr/lib/.', 'usr/lib64/.']
  for (const entry of [...directoriesFor([...usr.keys(), ...names]), ...usr.values()]) {
    const path = join(directory, entry.path)
    if (entry.kind === 'directory') {
      await mkdir(path, { recursive: true })
      await chmod(path, 0o755)
    } else if (entry.kind === 'symlink') {
      await symlink(entry.target, path)
    } else if (entry.kind === 'file') {
      await writeFile(path, entry.data)
      await chmod(path, entry.mode)
      sizeBytes += entry.data.length
    }
  }
  onProgress(`Boot bundle: compressing ${Math.ceil(sizeBytes / 1e6)} MB`)
  await tree.run('usr/bin/mksquashfs', [
    ...[join(directory, 'usr'), image, '-noappend', '-no-progress', '-quiet', '-no-xattrs', '-all-root'],
    ...['-mkfs-time', '0', '-all-time', '0', ...contents.SQUASHFS_OPTIONS],
  ])
  return readFile(image)
}

function withDirectories(files: Files): CpioEntry[] {
  const top: CpioEntry[] = []
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    top.push({ kind: 'symlink', path: name, target: `usr/${name}` })
  const marks = EMPTY_DIRECTORIES.map((path) => `${path}/.`)
  const usr = ['usr/bin/.', 'usr/sbin/.', 'usr/lib/.', 'usr/lib64/.']
  const devices: CpioEntry[] = [
    { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { kind: 'character-device', path: 'dev/null', mode: 0o666, major: 1, minor: 3 },
  ]
  const paths = [...files.keys()]
  const sorted = [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  return [...directoriesFor([...paths, ...marks, ...usr]), ...top, ...devices, ...sorted]
}

function addFile(files: Files, path: string, mode: number, data: Uint8Array): void {
  if (!files.has(path)) files.set(path, { kind: 'file', path, mode, data })
}

function addLink(files: Files, path: string, target: string): void {
  if (!files.has(path)) files.set(path, { kind: 'symlink', path, target })
}

async function addRootfs(files: Files): Promise<void> {
  const executables: Record<string, string> = {
    init: 'init',
    'udhcpc.sh': 'dragonfly/udhcpc.sh',
    'on-uevent.sh': 'dragonfly/on-uevent.sh',
    'functions.sh': 'dragonfly/functions.sh',
  }
  for (const [name, path] of Object.entries(executables)) {
    addFile(files, path, 0o755, await readFile(join(ROOTFS_DIR, name)))
  }
  const text = (value: string) => new TextEncoder().encode(value)
  addFile(
    files,
    'etc/passwd',
    0o644,
    text('root:x:0:0:root:/root:/bin/sh\n_lldpd:x:100:100::/run/lldpd:/bin/false\n'),
  )
  addFile(files, 'etc/group', 0o644, text('root:x:0:\n_lldpd:x:100:\n'))
  addFile(
    files,
    'etc/os-release',
    0o644,
    text('ID=dragonfly\nNAME="Dragonfly ramdisk"\nPRETTY_NAME="Dragonfly ramdisk"\n'),
  )
}

async function addProgram(files: Files, tree: PackageTree, path: string): Promise<void> {
  addFile(files, path, 0o755, await tree.read(path))
  await addLibraries(files, tree, await tree.librariesOf(join(tree.root, path)))
}

async function addLibraries(files: Files, tree: PackageTree, libraries: Map<string, string>): Promise<void> {
  for (const [soname, path] of libraries) {
    const data = await tree.read(path)
    const isDeadWeight = soname.startsWith('libicudata.')
    addFile(
      files,
      `${tree.libraryDir}/${basename(soname)}`,
      0o755,
      isDeadWeight ? emptyBiggestSegment(data) : data,
    )
  }
  addFile(files, tree.loaderPath, 0o755, await tree.read(tree.loaderPath))
  addLink(files, `usr/lib64/${basename(tree.loaderPath)}`, `/${tree.loaderPath}`)
}

async function addNode(files: Files, { tree, nodePath, workDir }: RamdiskInputs): Promise<void> {
  const stripped = join(workDir, 'node')
  await copyFile(nodePath, stripped)
  await tree.run('usr/bin/x86_64-linux-gnu-strip', ['--strip-all', stripped])
  addFile(files, 'usr/bin/node', 0o755, await readFile(stripped))
  await addLibraries(files, tree, await tree.librariesOf(stripped))
}

async function addBusybox(files: Files, tree: PackageTree): Promise<void> {
  const path = 'usr/bin/busybox'
  addFile(files, path, 0o755, await tree.read(path))
  const applets = (await run(join(tree.root, path), ['--list'])).toString('utf8').split('\n')
  for (const applet of applets) {
    const isTaken = applet === '' || files.has(`usr/sbin/${applet}`) || files.has(`usr/bin/${applet}`)
    if (!isTaken) addLink(files, `usr/bin/${applet}`, 'busybox')
  }
}

/** Returns the paths of the modules that are loaded before `/usr` is there, in order. */
async function addModules(
  files: Files,
  { tree, kernelVersion, workDir, onProgress }: RamdiskInputs,
): Promise<string[]> {
  const base = `usr/lib/modules/${kernelVersion}`
  await tree.run('usr/sbin/depmod', ['-b', tree.root, kernelVersion])
  const table = parseModulesDep((await tree.read(`${base}/modules.dep`)).toString('utf8'))
  const builtin = parseBuiltin((await tree.read(`${base}/modules.builtin`)).toString('utf8'))
  const choice = chooseModules(table, builtin, Object.values(contents.MODULES).flat())
  const lost = contents.REQUIRED_MODULES.filter((name) => choice.unknown.includes(name))
  if (lost.length > 0) throw new BundleBuildError(`Kernel ${kernelVersion} has no module ${lost.join(', ')}.`)
  if (choice.unknown.length > 0)
    onProgress(`Boot bundle: not in kernel ${kernelVersion}: ${choice.unknown.join(', ')}`)
  const subset = join(workDir, 'modules')
  await rm(subset, { recursive: true, force: true })
  for (const path of choice.paths) {
    const data = await tree.read(`${base}/${path}`)
    addFile(files, `${base}/${path}`, 0o644, data)
    await writeInto(join(subset, base, path), data)
  }
  await addModuleIndex(files, tree, subset, kernelVersion)
  await addFirmware(
    files,
    tree,
    choice.paths.map((path) => join(tree.root, base, path)),
  )
  return loadOrder(table, contents.EARLY_MODULES).map((path) => `${base}/${path}`)
}

async function addModuleIndex(
  files: Files,
  tree: PackageTree,
  subset: string,
  kernelVersion: string,
): Promise<void> {
  const base = `usr/lib/modules/${kernelVersion}`
  for (const name of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    await writeInto(join(subset, base, name), await tree.read(`${base}/${name}`))
  }
  // depmod looks for lib/modules, whatever the distribution merges
  await run('ln', ['-sfn', 'usr/lib', join(subset, 'lib')])
  await tree.run('usr/sbin/depmod', ['-b', subset, kernelVersion])
  for (const name of INDEX_FILES) {
    const data = await readFile(join(subset, base, `modules.${name}`)).catch(() => null)
    if (data) addFile(files, `${base}/modules.${name}`, 0o644, data)
  }
}

async function addFirmware(files: Files, tree: PackageTree, moduleFiles: readonly string[]): Promise<void> {
  const named = (await tree.run('usr/sbin/modinfo', ['-F', 'firmware', ...moduleFiles]))
    .toString('utf8')
    .split('\n')
  const wanted = new Set(named.filter((path) => path !== ''))
  for (const path of await tree.list('usr/lib/firmware')) {
    const isExtra = contents.EXTRA_FIRMWARE.some((pattern) => pattern.test(path))
    if (!wanted.has(path) && !isExtra) continue
    addFile(files, `usr/lib/firmware/${path}`, 0o644, await tree.read(`usr/lib/firmware/${path}`))
  }
}

async function writeInto(path: string, data: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, data)
}
