import type { BootProblem } from '../../protocol/boot-messages.ts'

/** Something to keep open: a socket or a server. */
export interface ListenerSpec {
  /** For people, and unique: `UDP 10.0.0.2:67`. */
  name: string
  open: (onFailure: (error: Error) => void) => Promise<{ close: () => void }>
}

export interface Listeners {
  /** Opens what is wanted and not open, closes what is open and not wanted. Resolves when all were tried. */
  reconcile: (wanted: readonly ListenerSpec[]) => Promise<void>
  open: () => string[]
}

interface OpenListener {
  close: () => void
}

/**
 * Keeps a set of listeners open. One that cannot be opened is a problem that is told once, and tried again for as long as
 * it is wanted; the others work meanwhile.
 */
export function createListeners(options: {
  retryMs: number
  onProblem: (problem: BootProblem) => void
  onCleared: (about: string) => void
}): Listeners {
  const opened = new Map<string, OpenListener>()
  const failing = new Map<string, string>()
  let wanted = new Map<string, ListenerSpec>()
  let work = Promise.resolve()
  let retry: NodeJS.Timeout | undefined

  function fail(name: string, error: Error): void {
    opened.get(name)?.close()
    opened.delete(name)
    const problem = explainListenError(name, error)
    if (failing.get(name) !== problem.problem) options.onProblem(problem)
    failing.set(name, problem.problem)
    scheduleRetry()
  }

  function scheduleRetry(): void {
    clearTimeout(retry)
    retry = setTimeout(() => void enqueue(), options.retryMs)
  }

  async function bringUp(spec: ListenerSpec): Promise<void> {
    try {
      opened.set(spec.name, await spec.open((error) => fail(spec.name, error)))
      if (failing.delete(spec.name)) options.onCleared(spec.name)
    } catch (error) {
      fail(spec.name, error instanceof Error ? error : new Error(String(error)))
    }
  }

  function dropUnwanted(): void {
    for (const [name, listener] of opened) {
      if (wanted.has(name)) continue
      listener.close()
      opened.delete(name)
    }
    for (const name of failing.keys()) {
      if (wanted.has(name)) continue
      failing.delete(name)
      options.onCleared(name)
    }
  }

  /** One round at a time, so that a name is never opened twice. */
  function enqueue(): Promise<void> {
    work = work.then(async () => {
      dropUnwanted()
      for (const spec of wanted.values()) if (!opened.has(spec.name)) await bringUp(spec)
      if (failing.size === 0) clearTimeout(retry)
    })
    return work
  }

  return {
    open: () => [...opened.keys()],
    reconcile: (specs) => {
      wanted = new Map(specs.map((spec) => [spec.name, spec]))
      return enqueue()
    },
  }
}

/** What a failed bind means, and what to do about it. */
function explainListenError(name: string, error: Error): BootProblem {
  const code = 'code' in error ? String(error.code) : ''
  switch (code) {
    case 'EADDRINUSE':
      return {
        problem: 'port-in-use',
        about: name,
        message: `Another program on this host already uses ${name}. Find it with "ss -lunpt", and stop it (often dnsmasq, isc-dhcp-server or tftpd-hpa).`,
      }
    case 'EACCES':
    case 'EPERM':
      return {
        problem: 'no-privilege',
        about: name,
        message: `This process may not open ${name}. Run the edge as root, or allow its Node: sudo setcap cap_net_bind_service=+ep "${process.execPath}"`,
      }
    case 'EADDRNOTAVAIL':
    case 'ENODEV':
      return {
        problem: 'address-missing',
        about: name,
        message: `This host has no such address any more: ${name}. Look at the interface (cable, DHCP lease); it is tried again every few seconds.`,
      }
    default:
      return {
        problem: 'socket-failed',
        about: name,
        message: `${name} failed: ${error.message}. It is tried again every few seconds.`,
      }
  }
}
