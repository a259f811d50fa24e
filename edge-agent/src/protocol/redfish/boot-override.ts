import { type Resource, textAt, textsAt, valueAt } from './resource.ts'
import type { VendorRules } from './vendors.ts'

export type BootTarget = 'pxe' | 'http' | 'disk' | 'cdrom' | 'setup' | 'none'

export interface BootWish {
  device: BootTarget
  /** For every start until it is changed, instead of the next one only. */
  persistent: boolean
  /** Null: as it is. */
  uefi: boolean | null
  /** For `http`; left out, DHCP says where from. */
  httpUri?: string
}

/** One way to write `ComputerSystem.Boot`. */
export type BootBody = Readonly<Record<string, string | null>>

const targets: Record<Exclude<BootTarget, 'cdrom'>, readonly string[]> = {
  pxe: ['Pxe'],
  http: ['UefiHttp'],
  disk: ['Hdd'],
  setup: ['BiosSetup'],
  none: ['None'],
}

/**
 * The ways to write a boot override, to be tried one after the other: by what the BMC says it takes, and with less and
 * less said. Empty when it says that it has no such target.
 */
export function chooseBootBodies(wish: BootWish, boot: Resource, rules: VendorRules): readonly BootBody[] {
  const offered = textsAt(boot, 'BootSourceOverrideTarget@Redfish.AllowableValues')
  const known = wish.device === 'cdrom' ? rules.cdTargets : targets[wish.device]
  const usable =
    offered.length > 0 && wish.device !== 'none' ? known.filter((name) => offered.includes(name)) : known
  const bodies = usable.flatMap((target) => bodiesFor(target, wish, boot, rules))
  return [...new Map(bodies.map((body) => [JSON.stringify(body), body])).values()]
}

function bodiesFor(target: string, wish: BootWish, boot: Resource, rules: VendorRules): BootBody[] {
  const current = textAt(boot, 'BootSourceOverrideMode')
  const wanted = wish.uefi === null ? current : wish.uefi ? 'UEFI' : 'Legacy'
  const modes = textsAt(boot, 'BootSourceOverrideMode@Redfish.AllowableValues')
  const isModeTaken = wanted !== null && (modes.length === 0 || modes.includes(wanted))
  const withMode = isModeTaken ? { BootSourceOverrideMode: wanted } : {}
  const saysMode =
    rules.hasToSayAllBootFields || (wish.uefi !== null && (!rules.avoidsBootMode || wanted !== current))
  const leftOver = textAt(boot, 'HttpBootUri') === null ? {} : { HttpBootUri: null }
  const uri = wish.device !== 'http' ? leftOver : wish.httpUri ? { HttpBootUri: wish.httpUri } : leftOver
  return enabledValues(wish, boot).flatMap((enabled) => {
    const plain = { BootSourceOverrideTarget: target, BootSourceOverrideEnabled: enabled }
    const full = { ...plain, ...withMode }
    // A target without Enabled takes "Once" for granted, or leaves it as it is: only for what is once.
    const bare = enabled === 'Once' ? [{ BootSourceOverrideTarget: target }] : []
    const bodies = saysMode ? [{ ...full, ...uri }, full, plain] : [{ ...plain, ...uri }, plain, full]
    return [...bodies, ...bare]
  })
}

function enabledValues({ device, persistent }: BootWish, boot: Resource): readonly string[] {
  if (device === 'none') return ['Disabled']
  if (!persistent) return ['Once']
  const offered = textsAt(boot, 'BootSourceOverrideEnabled@Redfish.AllowableValues')
  return offered.length > 0 && !offered.includes('Continuous') ? ['Once'] : ['Continuous', 'Once']
}

/** Whether a settings object is where the boot override is written: it has one of its own. */
export function holdsBootOverride(settings: Resource): boolean {
  return valueAt(settings, 'Boot', 'BootSourceOverrideTarget') !== undefined
}

export interface BootState {
  target: string | null
  enabled: string | null
  mode: string | null
}

export function parseBootState(boot: Resource): BootState {
  return {
    target: textAt(boot, 'BootSourceOverrideTarget'),
    enabled: textAt(boot, 'BootSourceOverrideEnabled'),
    mode: textAt(boot, 'BootSourceOverrideMode'),
  }
}
