import { readFileSync } from 'node:fs'
import { ramdiskLinkPath, wireProtocol } from '@dragonfly/schema/wire/protocol'
import { createAgent } from './agent.ts'
import { parseBootParameters } from './boot-parameters.ts'
import { readBootRecord, writeBootRecord } from './boot-record.ts'
import { systemClock } from './clock.ts'
import { describeError } from './failure.ts'
import { createInventoryProbe, type InventoryProbe } from './inventory.ts'
import { followKernelLog } from './kernel-log.ts'
import { createLink, type Link } from './link.ts'
import { createLog } from './log.ts'
import { restartMachine } from './restart.ts'
import { runCommand } from './run-command.ts'

const agentVersion = '0.1.0'
const recordPath = '/run/dragonfly/order.json'
const defaultPort = 6872
/** The inventory waits for hello to be out, but not for an edge that does not answer. */
const inventoryDelayMs = 300

const startedMs = performance.now()
const log = createLog({ now: Date.now, print: (text) => process.stdout.write(`${text}\n`) })
process.on('uncaughtException', (error) => log.error(`agent: ${error.stack ?? error.message}`))
process.on('unhandledRejection', (error) => log.error(`agent: ${describeError(error)}`))

const parameters = parseBootParameters(readFileSync('/proc/cmdline', 'utf8'), defaultPort)
const bootMac = parameters.bootMac ?? process.env.DRAGONFLY_MAC ?? null
const run = runCommand
const clock = systemClock

async function main(): Promise<void> {
  const { edge } = parameters
  if (!edge || !bootMac) {
    const lacking = edge ? 'boot network card (BOOTIF)' : 'edge (dragonfly.edge)'
    log.error(`The kernel command line names no ${lacking}: start this machine from a Dragonfly edge.`)
    setInterval(() => {}, 60_000)
    return
  }
  let link: Link | null = null
  let probe: InventoryProbe | null = null
  let name = bootMac
  const restart = (reason: string): Promise<void> => restartMachine(reason, { run, log })
  const agent = createAgent(
    {
      log,
      title: () => `Dragonfly ramdisk · ${name} · edge ${edge.host}`,
      recalled: readBootRecord(recordPath),
      remember: (record) => writeBootRecord(recordPath, record),
      restart,
      async createBmcAccount(username) {
        const { createBmcAccount } = await import('./bmc-account.ts')
        const { makeBmcPassword } = await import('../codec/bmc-password.ts')
        const { randomInt } = await import('node:crypto')
        return createBmcAccount(run, { username, password: makeBmcPassword((below) => randomInt(below)) })
      },
      async perform(order, signal, events) {
        const { performOrder } = await import('./work.ts')
        return performOrder(order, signal, {
          run,
          clock,
          log,
          disks: () => probe?.currentDisks() ?? [],
          quiesce: async () => probe?.quiesce(),
          onStage: (stage, disk) => events.onStage({ stage, disk }),
          onProgress: events.onProgress,
        })
      },
    },
    () => link,
  )
  probe = createInventoryProbe({ run, clock, log, bootMac, onInventory: agent.handleInventory })
  const startInventory = once(() => {
    import('@dragonfly/schema/state').then(
      ({ fourWords }) => {
        name = fourWords(bootMac)
      },
      () => {},
    )
    probe?.gather().catch((error) => log.error(`inventory: ${describeError(error)}`))
    followKernelLog('/dev/kmsg', ({ level, text }) => log.keep(level, text)).catch((error) =>
      log.warning(`no kernel log: ${describeError(error)}`),
    )
  })
  // Loading ws takes longer than all that comes before hello; zod's schemas are built while the edge answers.
  const { connectWebSocket } = await import('./ws-connect.ts')
  link = createLink({
    connect: (events) => connectWebSocket(`ws://${edge.host}:${edge.port}${ramdiskLinkPath}`, events),
    now: Date.now,
    random: Math.random,
    hello(session) {
      setImmediate(startInventory)
      const uptime = readFileSync('/proc/uptime', 'utf8').split(' ')[0]
      log.debug(
        `hello ${uptime} s after the kernel, ${Math.round(performance.now())} ms after this process began (${Math.round(startedMs)} ms until its first line)`,
      )
      const { token } = parameters
      const orderId = agent.orderId()
      return { type: 'hello', protocol: wireProtocol, mac: bootMac, token, session, agentVersion, orderId }
    },
    parse: async (text) => (await import('./frames.ts')).parseEdgeFrame(text),
    onFrame: agent.handleFrame,
    onLost: agent.handleLost,
    onPing: log.markPing,
    onGiveUp: () => void restart('the edge has refused this boot for ten minutes'),
  })
  setTimeout(startInventory, inventoryDelayMs)
  setInterval(agent.flushLog, 250)
  setInterval(agent.tick, 2000)
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}

await main()
