import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { smallHeapEnv, withSmallHeap } from '../../edge-agent/src/io/small-heap.ts'
import { runCommand, tryCommand } from '../../lab/src/command.ts'

/** Two hosts on one LAN of their own, so that no packet of a benchmark reaches a real network. */
export interface BenchLan {
  server: Host
  client: Host
  close: () => Promise<void>
}

export interface Host {
  namespace: string
  address: string
  /**
   * What is started here has the processor before all else that this machine does (SCHED_RR): delays are then those of what
   * is measured. Only for what leaves the processor some rest, or it is kept from what it waits for.
   */
  isForemost?: true
}

/** The LAN, with all that is started on it ahead of what else this machine does. */
export function foremost({ server, client, close }: BenchLan): BenchLan {
  return { server: { ...server, isForemost: true }, client: { ...client, isForemost: true }, close }
}

export async function createLan(): Promise<BenchLan> {
  const id = `dflybench-${process.pid}`
  const server = { namespace: `${id}-s`, address: '10.99.0.1' }
  const client = { namespace: `${id}-c`, address: '10.99.0.2' }
  const close = async (): Promise<void> => {
    for (const { namespace } of [server, client]) await tryCommand(['ip', 'netns', 'del', namespace])
  }
  try {
    for (const { namespace } of [server, client]) await runCommand(['ip', 'netns', 'add', namespace])
    const link = `link add eth0 netns ${server.namespace} type veth peer name eth0 netns ${client.namespace}`
    await runCommand(['ip', '-batch', '-'], { input: `${link}\n` })
    for (const { namespace, address } of [server, client]) {
      const lines = ['link set lo up', `address add ${address}/24 dev eth0`, 'link set eth0 up']
      await runCommand(['ip', '-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` })
    }
  } catch (error) {
    await close()
    throw error
  }
  return { server, client, close }
}

/** Starts a program on a host of the LAN; a Node module with a channel for messages. */
export function startOn(host: Host, words: readonly string[]): ChildProcess {
  return spawn('ip', wordsOn(host, words), { stdio: 'ignore' })
}

function wordsOn({ namespace, isForemost }: Host, words: readonly string[]): string[] {
  return ['netns', 'exec', namespace, ...(isForemost ? ['chrt', '--rr', '1'] : []), ...words]
}

/** As an edge starts its processes; a load generator no less, or it would measure its own garbage collection. */
export function startModuleOn(host: Host, module: URL, words: readonly string[] = []): ChildProcess {
  const node = [process.execPath, ...withSmallHeap([], 1), fileURLToPath(module)]
  return spawn('ip', wordsOn(host, [...node, ...words]), {
    env: { ...process.env, ...smallHeapEnv },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

/** Sends a load generator what it is to do, and waits for what it measured. */
export async function runLoad<Result>(
  host: Host,
  name: 'tftp' | 'http' | 'dhcp',
  wanted: object,
): Promise<Result> {
  const module = new URL(`../../edge-agent/test/load/${name}.ts`, import.meta.url)
  const child = startModuleOn(host, module)
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The load generator ${name} ended early (${code}).`)
  })
  ended.catch(() => undefined)
  child.send(wanted)
  const [result] = (await Promise.race([once(child, 'message'), ended])) as [Result]
  return result
}

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), 3000)
  await exited
  clearTimeout(killer)
}
