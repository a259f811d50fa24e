import { systemClock } from '../../edge-agent/src/ramdisk/clock.ts'
import { openDiskTarget } from '../../edge-agent/src/ramdisk/disk-target.ts'
import { createHttpGet } from '../../edge-agent/src/ramdisk/http-get.ts'
import { createImageSource } from '../../edge-agent/src/ramdisk/image-source.ts'
import { parallelChunks, writeImage } from '../../edge-agent/src/ramdisk/image-writer.ts'
import { runCommand } from '../../edge-agent/src/ramdisk/run-command.ts'
import { imageManifestSchema } from '../../schema/src/wire/image.ts'

/** The ramdisk's writer as a process: `image-writer.ts SERVER DIGEST DEVICE BYTES`; what it took, as JSON. */
const [server = '', digest = '', path = '', bytes = '0'] = process.argv.slice(2)

const source = createImageSource({
  get: createHttpGet(parallelChunks),
  clock: systemClock,
  servers: [server],
  warn: (text) => console.error(text),
})
const { signal } = new AbortController()
const [started, before] = [performance.now(), process.cpuUsage()]
const text = Buffer.from(await source.fetchManifest(digest, signal)).toString('utf8')
const manifest = imageManifestSchema.parse(JSON.parse(text))
const target = await openDiskTarget({
  path,
  sizeBytes: Number(bytes),
  // As on a machine: see write-disk.ts.
  zeroRange: async (offset, length) => {
    const range = ['--offset', String(offset), '--length', String(length)]
    return (await runCommand(['blkdiscard', '--force', '--zeroout', ...range, path])).code === 0
  },
})
await writeImage({ manifest, source, target, signal, onProgress: () => undefined })
await target.close()
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ wallMs: performance.now() - started, cpuMs: (user + system) / 1000 }))
