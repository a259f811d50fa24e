/** Kernel modules by name: `ext4` -> path below `lib/modules/<version>` and the paths it needs loaded before. */
export type ModuleTable = Map<string, { path: string; dependencies: string[] }>

/** The kernel treats `-` and `_` in module names as the same. */
export function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1)
  return file.replace(/\.ko(\.(xz|zst|gz))?$/, '').replaceAll('-', '_')
}

/** Parses modules.dep (modules.dep(5)): `path: dependency dependency`. */
export function parseModulesDep(text: string): ModuleTable {
  const table: ModuleTable = new Map()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const path = line.slice(0, colon)
    const dependencies = line
      .slice(colon + 1)
      .split(' ')
      .filter((word) => word !== '')
    table.set(moduleName(path), { path, dependencies })
  }
  return table
}

/** Names of the modules that are part of the kernel image (modules.builtin). */
export function parseBuiltin(text: string): Set<string> {
  return new Set(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map(moduleName),
  )
}

export type ModuleChoice = { paths: string[]; unknown: string[] }

/**
 * The files for a list of names (`*` stands for any characters) with everything they depend on, sorted.
 * `unknown` has the listed names that this kernel offers neither as a module nor built in.
 */
export function chooseModules(
  table: ModuleTable,
  builtin: ReadonlySet<string>,
  names: readonly string[],
): ModuleChoice {
  const paths = new Set<string>()
  const unknown: string[] = []
  for (const name of names) {
    const matches = matchNames(table, name)
    if (matches.length === 0 && !matchesAny(builtin, name)) unknown.push(name)
    for (const match of matches) {
      const entry = table.get(match)
      if (!entry) continue
      // depmod lists the whole chain, not only the next step
      for (const path of [entry.path, ...entry.dependencies]) paths.add(path)
    }
  }
  return { paths: [...paths].sort(), unknown }
}

/** The files to load for a list of names, what they depend on first; built-in modules need none. */
export function loadOrder(table: ModuleTable, names: readonly string[]): string[] {
  const paths = new Set<string>()
  for (const name of names) {
    const entry = table.get(name.replaceAll('-', '_'))
    // modules.dep names first what is loaded last
    for (const path of entry ? [...entry.dependencies.toReversed(), entry.path] : []) paths.add(path)
  }
  return [...paths]
}

function matchNames(table: ModuleTable, name: string): string[] {
  const normal = name.replaceAll('-', '_')
  if (!normal.includes('*')) return table.has(normal) ? [normal] : []
  const pattern = globPattern(normal)
  return [...table.keys()].filter((key) => pattern.test(key))
}

function matchesAny(names: ReadonlySet<string>, name: string): boolean {
  const normal = name.replaceAll('-', '_')
  if (!normal.includes('*')) return names.has(normal)
  const pattern = globPattern(normal)
  return [...names].some((key) => pattern.test(key))
}

function globPattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
  return new RegExp(`^${escaped}$`)
}
