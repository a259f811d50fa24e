import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { edgePorts } from '@dragonfly/schema/wire'
import { lookUpMac } from '../../io/arp-table.ts'
import { createBatchedUdpOpener } from '../../io/batched-udp-socket.ts'
import { hasAddress } from '../../io/device-socket.ts'
import { createFileSender } from '../../io/file-sender.ts'
import { loadLinuxCalls } from '../../io/linux-calls.ts'
import { openNodeUdpSocket } from '../../io/node-udp-socket.ts'
import { openProcessLog } from '../../io/process-log.ts'
import { askForShortSlices } from '../../io/short-slices.ts'
import { handOverSignal, releaseTo, replaceEarlierProcess } from '../../io/single-process.ts'
import { type FromBootResponder, toBootResponderSchema } from '../../protocol/boot-messages.ts'
import type { BootView } from '../../protocol/boot-view.ts'
import { createLeaseTable } from '../../protocol/leases.ts'
import type { BootPorts } from './context.ts'
import { createLeaseStore } from './lease-store.ts'
import { type BootResponder, createBootResponder } from './responder.ts'
import { createViewStore, type ViewStore } from './view-store.ts'

const defaultPorts: BootPorts = {
  dhcpServer: 67,
  dhcpClient: 68,
  bootServer: 4011,
  tftp: 69,
  bootHttp: edgePorts.bootHttp,
  agentHttp: edgePorts.agentHttp,
}
const statsEveryMs = 10_000
const tickEveryMs = 2000
const listenRetryMs = 5000
const drainMs = 60_000

/**
 * The boot responder: a process of its own, forked by the supervisor, which it outlives. Arguments:
 * `--state <file>` where the last view is kept; `--ports <JSON>` to change some of the ports; `--debug`;
 * `--plain-sockets` to do without koffi, as where it is missing.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      state: { type: 'string' },
      ports: { type: 'string' },
      debug: { type: 'boolean' },
      'plain-sockets': { type: 'boolean' },
    },
  })
  const log = openProcessLog('boot-responder', values.debug ? 'debug' : undefined)
  if (values.state === undefined) throw new Error('--state <file> is missing')
  await mkdir(dirname(values.state), { recursive: true, mode: 0o700 })
  const pidFile = `${values.state}.pid`
  // Known by the state that it serves: an earlier version's program lies elsewhere.
  await replaceEarlierProcess(pidFile, values.state)
  const store = createViewStore(values.state)
  const calls = values['plain-sockets'] ? undefined : await loadLinuxCalls()
  if (calls) askForShortSlices(calls)
  const table = createLeaseTable()
  const leaseStore = createLeaseStore(join(dirname(values.state), 'dhcp-leases.jsonl'), table)
  for (const lease of await leaseStore.load()) table.put(lease)
  const responder = createBootResponder({
    ports: { ...defaultPorts, ...parsePorts(values.ports) },
    openUdpSocket: calls ? createBatchedUdpOpener(calls) : openNodeUdpSocket,
    sendFilePart: createFileSender(calls),
    deviceOf: ({ name, address }) => (calls && hasAddress(name, address) ? name : undefined),
    now: Date.now,
    post,
    debug: log.debug,
    listenRetryMs,
    leases: { table, store: leaseStore, lookUpMac },
  })
  process.on('message', (message) => handleMessage(message, responder, store))
  // The supervisor may crash or be upgraded: machines still boot.
  process.on('disconnect', () => undefined)
  process.on('SIGTERM', () => void stop(responder))
  process.on(handOverSignal, () => void handOver(responder, pidFile))
  // Ctrl-C reaches every process of a terminal: a supervisor that is there ends this one itself.
  process.on('SIGINT', () => void (process.connected || stop(responder)))
  const stats = setInterval(() => responder.postStats(), statsEveryMs)
  const tick = setInterval(() => responder.tick(), tickEveryMs)
  stats.unref()
  tick.unref()
  const lastView = await store.load()
  // A newer one may have come by IPC while the file was read.
  if (lastView && !responder.hasView()) await responder.setView(lastView)
  else if (!process.send) throw new Error(`there is no view in ${values.state}, and nobody to send one`)
}

function handleMessage(message: unknown, responder: BootResponder, store: ViewStore): void {
  const parsed = toBootResponderSchema.safeParse(message)
  if (!parsed.success) refuse(parsed.error.issues[0])
  else if (parsed.data.type === 'stop') void stop(responder)
  else void takeView(parsed.data.view, responder, store)
}

function refuse(issue: { path: PropertyKey[]; message: string } | undefined): void {
  const where = issue?.path.map(String).join('.') || 'message'
  post({
    type: 'problem',
    problem: 'view-refused',
    about: 'view',
    message: `The boot responder was sent something it cannot use (${where}: ${issue?.message}); it goes on with what it had. Edge and boot responder may be of different versions: restart the edge.`,
  })
}

/** A view is in force before it is on disk: a full disk must not stop machines from booting. */
async function takeView(view: BootView, responder: BootResponder, store: ViewStore): Promise<void> {
  await responder.setView(view)
  try {
    await store.save(view)
  } catch (error) {
    post({
      type: 'problem',
      problem: 'view-not-kept',
      about: 'view',
      message: `The boot responder could not keep its state on disk (${String(error)}). Machines boot, until it is restarted. Free some space or repair the folder.`,
    })
  }
}

/** Another responder waits for the ports; what machines are fetching here, they fetch to its end. */
async function handOver(responder: BootResponder, pidFile: string): Promise<void> {
  const patience = setTimeout(() => process.exit(0), drainMs)
  await responder.drain()
  await releaseTo(pidFile)
  // It ends when its last socket is closed.
  patience.unref()
  if (process.connected) process.disconnect()
}

async function stop(responder: BootResponder): Promise<void> {
  await responder.close()
  process.exit(0)
}

function parsePorts(text: string | undefined): Partial<BootPorts> {
  if (text === undefined) return {}
  const given: unknown = JSON.parse(text)
  const entries = Object.entries(given ?? {}).filter(
    ([name, port]) => name in defaultPorts && Number.isInteger(port) && port > 0 && port < 65_536,
  )
  return Object.fromEntries(entries)
}

/** To the supervisor; started alone, to standard output. */
function post(message: FromBootResponder): void {
  if (!process.send) process.stdout.write(`${JSON.stringify(message)}\n`)
  else if (process.connected) process.send(message, undefined, undefined, () => undefined)
}

await main()
