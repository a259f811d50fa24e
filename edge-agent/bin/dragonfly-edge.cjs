#!/usr/bin/env node
'use strict'
// The first thing that runs, under whatever Node is there: old syntax and nothing imported before the version is known.
const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

// zstd in node:zlib came with 22.15, and in the 23 line with 23.8.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 15) || (major === 23 && minor < 8)) {
  process.stderr.write(
    `dragonfly-edge: this is Node ${process.versions.node}, and it needs 22.15 or newer: https://nodejs.org\n`,
  )
  process.exit(2)
}

// In the repository the sources run as they are; the published package holds what was built from them.
const source = join(__dirname, '../src/main.ts')
const own = existsSync(source) ? source : join(__dirname, '../dist/main.mjs')
const main = require('./choose-version.cjs').chooseMain(own)
import(pathToFileURL(main).href).catch((error) => {
  process.stderr.write(`dragonfly-edge: it could not be started: ${error.stack || error}\n`)
  process.exitCode = 1
})
