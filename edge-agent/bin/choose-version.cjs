'use strict'
// Which version `run` starts: the one that came by an update, or this one. It decides on every start, so that a version
// that did not come up is left again whatever ended it: a crash, a guard, a power cut. Kept plain, for it has to work
// when nothing else does. What it reads is written by src/services/update/versions.ts.
const {
  existsSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} = require('node:fs')
const { homedir } = require('node:os')
const { join } = require('node:path')

/** Path of the main module to import. */
function chooseMain(own) {
  const dataDir = readDataDir(process.argv.slice(2))
  if (dataDir === null) return own
  const versions = join(dataDir, 'versions')
  const state = readJson(join(versions, 'state.json'))
  if (state === null) return own
  try {
    if (state.trial && state.trial.id !== process.env.DRAGONFLY_EDGE_TRIAL) rollBack(versions, state)
    return findCurrent(versions, state) || own
  } catch (error) {
    process.stderr.write(`dragonfly-edge: ${versions} can’t be used, this version runs: ${error.message}\n`)
    return own
  }
}

function findCurrent(versions, state) {
  // Another version was installed below the updates since: that is somebody's wish, and newer than they are.
  if (state.base !== require('../package.json').version) return null
  const current = join(versions, 'current')
  if (!isLink(current)) return null
  const main = join(versions, readlinkSync(current), 'package/dist/main.mjs')
  return existsSync(main) ? main : null
}

/** The trial was not ended by its guard, and this is not the process on trial: it did not come up. */
function rollBack(versions, state) {
  const { trial } = state
  pointTo(versions, trial.from)
  const message = trial.reason || 'It ended before it had shown that it works.'
  const report = { outcome: 'rolled-back', version: trial.version, requestId: trial.requestId, message }
  const { trial: _, ...rest } = state
  writeJson(join(versions, 'state.json'), { ...rest, report })
  process.stderr.write(`dragonfly-edge: version ${trial.version} did not come up, going back: ${message}\n`)
}

/** `name`: a folder of `versions`; null for the version that was installed. */
function pointTo(versions, name) {
  const current = join(versions, 'current')
  if (name === null) return rmSync(current, { force: true })
  const next = join(versions, '.next')
  rmSync(next, { force: true })
  symlinkSync(name, next)
  renameSync(next, current)
}

/** Null unless an edge is to be run. */
function readDataDir(args) {
  let command = null
  let dataDir = process.env.DRAGONFLY_EDGE_DATA
  for (let index = 0; index < args.length; index++) {
    const word = args[index]
    if (word === '--data') dataDir = args[++index]
    else if (word.startsWith('--data=')) dataDir = word.slice('--data='.length)
    else if (!word.startsWith('-') && command === null) command = word
  }
  if (command !== 'run') return null
  return dataDir || (process.getuid() === 0 ? '/var/lib/dragonfly-edge' : join(homedir(), '.dragonfly-edge'))
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

function writeJson(path, value) {
  writeFileSync(`${path}.part`, JSON.stringify(value), { mode: 0o600 })
  renameSync(`${path}.part`, path)
}

function isLink(path) {
  try {
    readlinkSync(path)
    return true
  } catch {
    return false
  }
}

module.exports = { chooseMain }
