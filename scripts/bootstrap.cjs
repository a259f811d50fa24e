'use strict'
// Runs before every npm script, under whatever Node (>= 20) is there: installs the locked
// dependencies when node_modules differs from package-lock.json, and says so. CommonJS and
// built-ins only, because nothing else is installed yet.
const { existsSync, readFileSync } = require('node:fs')
const { join } = require('node:path')
const { spawnSync } = require('node:child_process')

const root = join(__dirname, '..')

function packages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

/** Paths of what our own packages would like to have: there from the day on which they name it. */
function namedAsOptional(wanted) {
  const ours = Object.entries(wanted).filter(([path]) => !path.includes('node_modules/'))
  const names = ours.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}))
  return new Set(names.map((name) => `node_modules/${name}`))
}

/** Compares by content, so that an `npm ci` done by hand counts as well. */
function isStale() {
  const wanted = packages('package-lock.json')
  const present = packages('node_modules/.package-lock.json')
  if (!wanted || !present) return true
  const named = namedAsOptional(wanted)
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || !path.startsWith('node_modules/') || entry.link) continue
    const found = present[path]
    if (!found) {
      if (!entry.optional && !entry.devOptional && !entry.peer) return true
      if (named.has(path) && !entry.os) return true
      continue
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity) return true
    if (!existsSync(join(root, path))) return true
  }
  return false
}

function cleanEnvironment() {
  const keep = /^npm_config_(cache|registry|userconfig|globalconfig|cafile|proxy|https_proxy|noproxy)$/i
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || keep.test(name)),
  )
}

function main() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 20) {
    console.error(`Dragonfly needs Node 20 or newer to set itself up; this is ${process.version}.`)
    process.exit(2)
  }
  if (!isStale()) return
  console.error('Setting up: installing the locked dependencies (about half a minute the first time) ...')
  const started = Date.now()
  const node = process.env.npm_node_execpath || process.execPath
  const npm = process.env.npm_execpath
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const result = npm
    ? spawnSync(node, [npm, ...args], { cwd: root, stdio: ['ignore', 2, 2], env: cleanEnvironment() })
    : spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2], env: cleanEnvironment() })
  if (result.status !== 0) {
    console.error('Setting up failed: npm ci did not finish. The lines above say why.')
    process.exit(1)
  }
  console.error(`Set up in ${((Date.now() - started) / 1000).toFixed(0)} s.`)
}

main()
