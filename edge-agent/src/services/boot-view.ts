import { checkDhcpSettings, isActive } from '@dragonfly/schema/state'
import type { HostInterface, SiteState } from '@dragonfly/schema/wire'
import type { BootMachine, BootView } from '../protocol/boot-view.ts'
import { bootFor } from '../protocol/deployment-state.ts'
import type { DeploymentState } from '../protocol/deployment-types.ts'

export interface BootViewSources {
  state: SiteState | null
  hostInterfaces: readonly HostInterface[]
  deployments: Iterable<DeploymentState>
  discoveredMacs: Iterable<string>
  bundle: { dir: string; ready: boolean }
  /** 32 bytes, base64url. */
  bootTokenKey: string
  /** Tells one run of the supervisor from the next, and one view from the next. */
  generation: string
  version: number
}

/** All that the boot responder is to know: the site's wishes, joined with what its deployments are at. */
export function buildBootView(sources: BootViewSources): BootView {
  const { state } = sources
  const armed = new Map<string, DeploymentState>()
  for (const deployment of sources.deployments) {
    if (isActive(deployment.status)) armed.set(deployment.machineId, deployment)
  }
  return {
    generation: sources.generation,
    version: sources.version,
    interfaces: servedInterfaces(state, sources.hostInterfaces),
    unknownMachines: state?.unknownMachines ?? 'ignore',
    bundleDir: sources.bundle.dir,
    bundleReady: sources.bundle.ready,
    bootTokenKey: sources.bootTokenKey,
    machines: (state?.machines ?? []).map((machine) => ({
      machineId: machine.machineId,
      macs: machine.macs,
      ...(machine.smbiosUuid ? { smbiosUuid: machine.smbiosUuid } : {}),
      ...(isHostname(machine.name) ? { hostname: machine.name } : {}),
      ...(machine.reservation ? { reservation: machine.reservation } : {}),
      ...bootOf(armed.get(machine.machineId), !machine.adopted && state?.unknownMachines === 'hold'),
    })),
    discoveredMacs: [...sources.discoveredMacs].slice(0, 20_000),
  }
}

/** Interfaces that are switched on and have an IPv4 address. */
export function servedInterfaces(
  state: SiteState | null,
  hostInterfaces: readonly HostInterface[],
): BootView['interfaces'] {
  return (state?.interfaces ?? []).flatMap(({ name, mode, dhcp }) => {
    const host = hostInterfaces.find((entry) => entry.name === name)
    if (!host?.address || mode === 'off') return []
    const { address, prefixLength } = host
    const gives =
      dhcp && prefixLength !== null && checkDhcpSettings(dhcp, { address, prefixLength }).length === 0
    return [gives ? { name, address, mode: 'full' as const, prefixLength, dhcp } : { name, address, mode }]
  })
}

function isHostname(name: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9-]{1,63})*$/i.test(name)
}

function bootOf(
  deployment: DeploymentState | undefined,
  isHeld: boolean,
): Pick<BootMachine, 'boot' | 'bootUntil' | 'reason'> {
  if (isHeld) return { boot: 'hold', reason: 'It is held until somebody adopts it in the portal.' }
  if (!deployment) return { boot: 'local', reason: 'Nothing is armed for it.' }
  if (bootFor(deployment) === 'local')
    return { boot: 'local', reason: `Its deployment is at the stage ${deployment.stage}.` }
  return {
    boot: 'ramdisk',
    bootUntil: deployment.armedUntil,
    reason: `It is armed for a deployment, try ${deployment.attempt}.`,
  }
}
