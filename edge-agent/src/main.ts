#!/usr/bin/env node
import { homedir } from 'node:os'
import { parseCommand } from './cli/arguments.ts'

/** zstd in node:zlib came with 22.15. */
function isNodeTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < 22 || (major === 22 && minor < 15)
}

if (isNodeTooOld(process.versions.node)) {
  process.stderr.write(
    `dragonfly-edge: this is Node ${process.versions.node}, and it needs 22.15 or newer: https://nodejs.org\n`,
  )
  process.exit(2)
}
const command = parseCommand(process.argv.slice(2), {
  env: process.env,
  isRoot: process.getuid?.() === 0,
  home: homedir(),
})
const { execute } = await import('./cli/commands.ts')
process.exitCode = await execute(command)
