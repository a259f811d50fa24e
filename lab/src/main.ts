import { parseCommandLine, UsageError, usage } from './command-line.ts'
import { runLabCommand } from './commands.ts'

try {
  process.exitCode = await runLabCommand(parseCommandLine(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`)
  if (error instanceof UsageError) process.stderr.write(`${usage}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
