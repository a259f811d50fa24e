import { benchBmc } from './bench/bmc.ts'
import { benchDhcp } from './bench/dhcp.ts'
import { benchFleet } from './bench/fleet.ts'
import { benchHttp } from './bench/http.ts'
import { benchImage } from './bench/image.ts'
import { benchMemory } from './bench/memory.ts'
import { takeProcessor } from './bench/processor.ts'
import { type BenchReport, renderReport } from './bench/report.ts'
import { benchTftp } from './bench/tftp.ts'

/** `npm run bench -- NAME [--json]`, and for some flags of their own: progress on stderr, the report on stdout; 0 whenever it could measure. */
type Bench = (say: (line: string) => void, flags: readonly string[]) => Promise<BenchReport>
const benches: Record<string, Bench> = {
  bmc: benchBmc,
  dhcp: benchDhcp,
  tftp: benchTftp,
  http: benchHttp,
  image: benchImage,
  memory: benchMemory,
  fleet: benchFleet,
}
/** Those that read flags themselves. */
const withFlags = new Set(['fleet'])

const flags = process.argv.slice(2)
const [name = '', ...others] = flags.filter((flag) => flag !== '--json')
const bench = benches[name]
if (!bench || (others.length > 0 && !withFlags.has(name))) {
  process.stderr.write(
    `bench: which one? ${Object.keys(benches).join(', ')}. For example: npm run bench -- bmc --json\n`,
  )
  process.exit(2)
}
takeProcessor()
try {
  const report = await bench((line) => process.stderr.write(`bench: ${line}\n`), others)
  console.log(flags.includes('--json') ? JSON.stringify(report, null, 2) : renderReport(report))
  process.exit(0)
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
