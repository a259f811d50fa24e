import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bootView } from '../../edge-agent/test/boot-view.ts'
import { type Host, startModuleOn, startOn, stopProcess } from './namespaces.ts'

/** A server under measurement. */
export interface BenchServer {
  pid: number
  stop: () => Promise<void>
}

const responderModule = new URL('../../edge-agent/src/services/boot/main.ts', import.meta.url)
const imageServerModule = new URL('../../edge-agent/src/services/images/main.ts', import.meta.url)

/** A peer is asked nothing: it has this long to open its sockets. */
const settleMs = 500

export interface ResponderUnderTest extends BenchServer {
  /** Its counters, as it tells them every ten seconds. */
  counters: () => Promise<Record<string, number>>
}

/** Our boot responder on some of the host's interfaces, with the boot files of `folder`. */
export async function startResponder(
  host: Host,
  folder: string,
  interfaces: readonly ('lo' | 'eth0')[],
  flags: readonly string[] = [],
): Promise<ResponderUnderTest> {
  const state = join(folder, 'state')
  mkdirSync(state, { recursive: true })
  const child = startModuleOn(host, responderModule, ['--state', join(state, 'view.json'), ...flags])
  const addresses = { lo: '127.0.0.1', eth0: host.address }
  const view = bootView({
    interfaces: interfaces.map((name) => ({ name, address: addresses[name], mode: 'proxy' })),
    bundleDir: folder,
  })
  child.send({ type: 'view', view })
  await orStop(child, nextMessage(child, 'ready'))
  return {
    ...serverOf(child),
    counters: async () => (await nextMessage(child, 'stats')).counters as Record<string, number>,
  }
}

export async function startImages(
  host: Host,
  folder: string,
  port: number,
  flags: readonly string[] = [],
): Promise<BenchServer> {
  const child = startModuleOn(host, imageServerModule, [folder, String(port), ...flags])
  await orStop(child, nextMessage(child, 'listening'))
  return serverOf(child)
}

async function orStop(child: ChildProcess, ready: Promise<unknown>): Promise<void> {
  try {
    await ready
  } catch (error) {
    await stopProcess(child)
    throw error
  }
}

async function nextMessage(child: ChildProcess, type: string): Promise<Record<string, unknown>> {
  for (;;) {
    const ended = once(child, 'exit').then(() => {
      throw new Error('A process of the edge ended while it was measured.')
    })
    ended.catch(() => undefined)
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [Record<string, unknown>]
    if (message.type === type) return message
    if (message.type === 'problem') throw new Error(String(message.message))
  }
}

/** Somebody else's server; it must stay in the foreground. */
export async function startPeer(host: Host, words: readonly string[]): Promise<BenchServer> {
  const child = startOn(host, words)
  await sleep(settleMs)
  if (child.exitCode !== null)
    throw new Error(`${words[0]} ended at once (${child.exitCode}), so it can't be compared.`)
  return serverOf(child)
}

function serverOf(child: ChildProcess): BenchServer {
  if (child.pid === undefined) throw new Error('A server could not be started.')
  return { pid: child.pid, stop: () => stopProcess(child) }
}
