import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type NetbootRackOptions, startNetbootRack } from './netboot-rack.ts'

/**
 * The process of a rack of simulated machines: `main.ts OPTIONS`, as JSON. Every event is a line of JSON on stdout; a line
 * `{"mac": MAC, "backAfterMs": MS | null}` on stdin cuts a machine's power.
 */
const options = JSON.parse(process.argv[2] ?? '{}') as NetbootRackOptions
process.stderr.write(`netboot simulator: ${options.count} machines that do not exist, with real packets\n`)
const rack = await startNetbootRack(options, (event) => process.stdout.write(`${JSON.stringify(event)}\n`))
createInterface({ input: process.stdin }).on('line', (line) => {
  const { mac, backAfterMs } = JSON.parse(line) as { mac: string; backAfterMs: number | null }
  rack.machines.get(mac)?.cutPower(backAfterMs)
})
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
await rack.stop()
process.exit(0)
