import { join } from 'node:path'
import { loadLinuxCalls } from '../../io/linux-calls.ts'
import { openProcessLog } from '../../io/process-log.ts'
import { startImageServer } from './server.ts'
import type { ImageServerMessage } from './server-messages.ts'

/** Entry of the image server's process: `main.ts DATA_DIR PORT [--plain-sockets]`. It ends with its supervisor. */
const [dataDir = '.', port = '0', flag] = process.argv.slice(2)
const calls = flag === '--plain-sockets' ? undefined : await loadLinuxCalls()
openProcessLog('image-server')
const directories = { dir: join(dataDir, 'images'), bundlesDir: join(dataDir, 'bundles') }
const retryListenMs = 5_000
const statsEveryMs = 10_000

/** A supervisor that is gone is told nothing; `disconnect` follows. */
const tell = (message: ImageServerMessage): void =>
  void process.send?.(message, undefined, undefined, () => undefined)

async function start(): Promise<void> {
  try {
    const server = await startImageServer({ ...directories, port: Number(port), host: '0.0.0.0', calls })
    tell({ type: 'listening', port: server.port })
    setInterval(() => tell({ type: 'stats', counters: server.counters() }), statsEveryMs)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const inUse = code === 'EADDRINUSE'
    tell({
      type: 'problem',
      problem: inUse ? 'port-in-use' : 'socket-failed',
      message: inUse
        ? `TCP port ${port} is taken by another program: stop it, and machines can fetch images.`
        : `TCP port ${port} could not be opened for images: ${message}.`,
    })
    setTimeout(() => void start(), retryListenMs)
  }
}

process.once('disconnect', () => process.exit())
process.once('SIGTERM', () => process.exit())
process.on('SIGINT', () => undefined)
await start()
