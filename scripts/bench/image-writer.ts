import { createChunkThreads } from '../../edge-agent/src/ramdisk/chunk-threads.ts'
import { systemClock } from '../../edge-agent/src/ramdisk/clock.ts'
import { openDiskTarget } from '../../edge-agent/src/ramdisk/disk-target.ts'
import { createHttpGet } from '../../edge-agent/src/ramdisk/http-get.ts'
import { createImageSource } from '../../edge-agent/src/ramdisk/image-source.ts'
import { writeImage } from '../../edge-agent/src/ramdisk/image-writer.ts'
import { runCommand } from '../../edge-agent/src/ramdisk/run-command.ts'
import { createZeroRange } from '../../edge-agent/src/ramdisk/zero-range.ts'
import { imageManifestSchema } from '../../schema/src/wire/image.ts'

/** The ramdisk's writer as a process: `image-writer.ts SERVER DIGEST DEVICE BYTES`; what it took, as JSON. */
const [server = '', digest = '', path = '', bytes = '0'] = process.argv.slice(2)

const warn = (text: string): void => console.error(text)
const { signal } = new AbortController()
const [started, before] = [performance.now(), process.cpuUsage()]
const threads = createChunkThreads()
const source = createImageSource({
  get: createHttpGet(),
  clock: systemClock,
  servers: [server],
  threads,
  warn,
})
const text = Buffer.from(await source.fetchManifest(digest, signal)).toString('utf8')
const manifest = imageManifestSchema.parse(JSON.parse(text))
const zeroRange = createZeroRange(path, { run: runCommand, warn })
const target = await openDiskTarget({ path, sizeBytes: Number(bytes), zeroRange })
await writeImage({ manifest, source, target, threads, signal, onProgress: () => undefined })
await Promise.all([target.close(), threads.close()])
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ wallMs: performance.now() - started, cpuMs: (user + system) / 1000 }))
