/** What keeps an edge from its work, and what to do about it. */
export interface Unready {
  check: 'state' | 'interfaces' | 'boot-responder' | 'sockets' | 'image-server' | 'boot-bundle'
  message: string
}

export interface ReadinessFacts {
  /** It holds the site's desired state: without it, it knows no machine. */
  hasState: boolean
  /** What the boot responder has bound. */
  listeners: readonly string[]
  isImageServerUp: boolean
  hasBundle: boolean
  /** Those that are open, as the portal shows them. */
  problems: readonly { problem: string; message: string }[]
}

/** Problems that keep machines from being booted and deployed; others want a person, and leave it working. */
const checkOf: Readonly<Record<string, Unready['check']>> = {
  'interface-without-address': 'interfaces',
  'boot-responder-died': 'boot-responder',
  'view-refused': 'boot-responder',
  'port-in-use': 'sockets',
  'socket-failed': 'sockets',
  'no-privilege': 'sockets',
  'address-missing': 'sockets',
  'image-server-died': 'image-server',
}

/** Whether an edge that serves an interface can do all of its job; nothing when it can. */
export function judgeReadiness(facts: ReadinessFacts): Unready[] {
  const told = facts.problems.flatMap(({ problem, message }) => {
    const check = checkOf[problem]
    return check ? [{ check, message }] : []
  })
  const missing: Unready[] = []
  if (!facts.hasState)
    missing.push({ check: 'state', message: 'It has not heard from its control plane what this site wants.' })
  if (facts.listeners.length === 0)
    missing.push({ check: 'boot-responder', message: 'The boot responder listens on no port yet.' })
  if (!facts.isImageServerUp)
    missing.push({ check: 'image-server', message: 'The image server does not listen yet.' })
  if (!facts.hasBundle)
    missing.push({
      check: 'boot-bundle',
      message:
        'It holds no boot bundle, and fetches it from the control plane: machines boot from their own disks.',
    })
  // What is known to be wrong says more than that something is not there.
  return [...told, ...missing.filter(({ check }) => !told.some((one) => one.check === check))]
}
