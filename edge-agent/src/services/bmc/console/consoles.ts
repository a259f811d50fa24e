import { isActive } from '@dragonfly/schema/state'
import type { ControlFrame, SiteBmc, SiteEvent, SiteMachine } from '@dragonfly/schema/wire'
import type { ControlPlane } from '../../control-plane.ts'
import type { DeploymentRunner } from '../../deployments/runner.ts'
import { BmcError, type BmcTarget } from '../driver.ts'
import type { BmcReach } from '../reach.ts'
import { openConsoleLink } from './console-link.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { createSharedConsole, type SharedConsole } from './shared-console.ts'

type OpenFrame = Extract<ControlFrame, { type: 'console-open' }>

/** The serial consoles of the site's machines: looked at through the control plane, and recorded. */
export interface Consoles {
  /** Somebody looks at one: its socket is opened. */
  open(frame: OpenFrame): void
  /** A deployment powers its machine on: its console is recorded from now on. */
  record(deploymentId: string, machineId: string): void
  /** Closes those of machines that are gone, or whose BMC has another address or password by now. */
  retain(): void
  /** Begins what is due to be recorded, and ends what is over. */
  tick(): void
  stop(): Promise<void>
}

export interface ConsolesPorts {
  controlPlane: Pick<ControlPlane, 'url' | 'authorization'>
  reach: BmcReach
  machine: (machineId: string) => SiteMachine | null
  runner: Pick<DeploymentRunner, 'all' | 'get'>
  report: (event: SiteEvent) => Promise<void>
  now: () => number
}

interface Recording {
  recorder: Recorder
  shared: SharedConsole
  stage: string
  end: () => void
}

/** More than a site's people look at at once. */
const maxLinks = 64

export function createConsoles(ports: ConsolesPorts): Consoles {
  const { controlPlane, machine, runner, report, now } = ports
  const consoles = new Map<string, { bmcKey: string; shared: SharedConsole }>()
  const links = new Set<() => void>()
  const recordings = new Map<string, Recording>()

  /** One for each machine; anew when its BMC has another address or other credentials. */
  const consoleOf = (machineId: string, bmc: SiteBmc | null): SharedConsole => {
    const bmcKey = keyOf(bmc)
    const known = consoles.get(machineId)
    if (known?.bmcKey === bmcKey) return known.shared
    void known?.shared.close()
    const { name = machineId, macs = [] } = machine(machineId) ?? {}
    const shared: SharedConsole = createSharedConsole({
      open: (handlers, options) => openAt(ports.reach, { machineId, name, macs, bmc }, handlers, options),
      onIdle: () => {
        if (consoles.get(machineId)?.shared === shared) consoles.delete(machineId)
      },
    })
    consoles.set(machineId, { bmcKey, shared })
    return shared
  }
  const record = (deploymentId: string, machineId: string): void => {
    const bmc = machine(machineId)?.bmc
    if (!bmc || bmc.protocol === 'wake-on-lan' || recordings.has(deploymentId)) return
    const recorder = createRecorder({
      now,
      append: (frames) => void report({ type: 'deployment.console', deploymentId, frames }),
    })
    const shared = consoleOf(machineId, bmc)
    const stage = runner.get(deploymentId)?.stage ?? ''
    recordings.set(deploymentId, { recorder, shared, stage, end: shared.listen(recorder) })
  }
  const endRecording = (deploymentId: string): void => {
    const recording = recordings.get(deploymentId)
    recording?.end()
    recording?.recorder.flush()
    recordings.delete(deploymentId)
  }
  return {
    record,
    open: ({ consoleId, machineId, bmc }) => {
      if (links.size >= maxLinks) return
      const close = openConsoleLink({
        controlPlane,
        consoleId,
        console: consoleOf(machineId, bmc),
        mayType: () => !(machine(machineId)?.locked ?? false),
        onClosed: () => links.delete(close),
      })
      links.add(close)
    },
    retain: () => {
      for (const [machineId, { bmcKey, shared }] of consoles) {
        if (bmcKey === keyOf(machine(machineId)?.bmc ?? null)) continue
        consoles.delete(machineId)
        // What is under way is recorded anew, at the BMC that there is now.
        for (const [deploymentId, recording] of recordings)
          if (recording.shared === shared) endRecording(deploymentId)
        void shared.end('The BMC was changed or removed: open the console again.')
      }
    },
    tick: () => {
      // What was under way when the edge started, and what somebody powered on by hand.
      for (const { status, deploymentId, machineId } of runner.all())
        if (status === 'running') record(deploymentId, machineId)
      for (const [deploymentId, recording] of recordings) {
        const state = runner.get(deploymentId)
        if (!state || !isActive(state.status)) {
          endRecording(deploymentId)
          continue
        }
        if (state.stage !== recording.stage) recording.recorder.flush()
        recording.stage = state.stage
        recording.recorder.tick()
      }
    },
    stop: async () => {
      for (const deploymentId of [...recordings.keys()]) endRecording(deploymentId)
      for (const close of [...links]) close()
      await Promise.all([...consoles.values()].map(({ shared }) => shared.close()))
      consoles.clear()
    },
  }
}

/** Of all that a console depends on. */
function keyOf(bmc: SiteBmc | null): string {
  if (!bmc) return ''
  const { address, port, protocol, credentials } = bmc
  return JSON.stringify([address, port, protocol, credentials?.ciphertext, credentials?.tag])
}

async function openAt(
  reach: BmcReach,
  target: BmcTarget,
  handlers: Parameters<Parameters<typeof createSharedConsole>[0]['open']>[0],
  options: { takesOver: boolean },
) {
  const { value } = await reach.use(target, 'console', async (session) => {
    const opened = await session.openConsole?.(handlers, options)
    if (!opened) throw new BmcError('not-supported', 'This BMC has no serial console.')
    return opened
  })
  return value
}
