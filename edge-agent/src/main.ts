import { homedir } from 'node:os'
import { parseCommand } from './cli/arguments.ts'
import { execute } from './cli/commands.ts'

// Started by bin/dragonfly-edge.cjs, which has looked at the version of Node.
const command = parseCommand(process.argv.slice(2), {
  env: process.env,
  isRoot: process.getuid?.() === 0,
  home: homedir(),
})
process.exitCode = await execute(command)
