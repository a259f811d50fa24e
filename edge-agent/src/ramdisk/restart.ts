import { writeFileSync } from 'node:fs'
import { describeError } from './failure.ts'
import type { Log } from './log.ts'
import { describeCommandFailure, type RunCommand } from './run-command.ts'

/** Writes out what is cached, and restarts the machine: by the firmware's way first, by the kernel's if need be. */
export async function restartMachine(reason: string, deps: { run: RunCommand; log: Log }): Promise<void> {
  const { run, log } = deps
  await run(['sync'], { timeoutMs: 60_000 })
  await run(['umount', '/run/dragonfly/root'], { timeoutMs: 10_000 })
  await run(['umount', '/run/dragonfly/look'], { timeoutMs: 10_000 })
  await run(['sync'], { timeoutMs: 60_000 })
  process.stdout.write(`Dragonfly ramdisk · restarting: ${reason}\n`)
  const rebooted = await run(['reboot', '-f'], { timeoutMs: 20_000 })
  log.error(`restart: ${describeCommandFailure(rebooted)}`)
  try {
    writeFileSync('/proc/sysrq-trigger', 'b')
  } catch (error) {
    log.error(`The machine does not restart by itself (${describeError(error)}): switch it off and on.`)
  }
}
