import { createRandom, type Random } from '../simulator/random.ts'

/** What is killed, cut, or loses its power. */
export const faultKinds = [
  'edge-supervisor',
  'edge-responder',
  'edge-images',
  'control-plane',
  'database',
  'tunnel',
  'power',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** `cut`: at once. `deaf`: what the control plane says is lost first; `mute`: what the edge says. `torn`: in the middle of a message. */
const tunnelCuts = ['cut', 'deaf', 'mute', 'torn'] as const
export type TunnelCut = (typeof tunnelCuts)[number]

/** Moments of a deployment: while a person asks for it, once that was answered, and where its machine is then. */
const faultMoments = [
  'asking',
  'armed',
  'firmware',
  'first-stage',
  'kernel',
  'ramdisk',
  'ordered',
  'writing',
  'configuring',
  'written',
  'local-boot',
] as const
export type FaultMoment = (typeof faultMoments)[number]

export interface Fault {
  kind: FaultKind
  /** The deployment whose moment it strikes at, counted from 0. */
  deployment: number
  moment: FaultMoment
  /** After that moment. */
  delayMs: number
  /** Until it is started again, or joined. */
  awayMs: number
  cut: TunnelCut
}

export interface FaultPlanOptions {
  seed: number
  deployments: number
  kinds: readonly FaultKind[]
}

const longestDelayMs = 300
const longestAwayMs = 1500
/** An edge starts what dies of its own more and more slowly: this often within a run is enough. */
const seldom: ReadonlySet<FaultKind> = new Set(['edge-responder', 'edge-images', 'power'])
const rounds = 2

/** What goes wrong in a run, and when: the same for the same seed. One fault for each deployment, on average. */
export function planFaults({ seed, deployments, kinds }: FaultPlanOptions): Fault[] {
  const random = createRandom(seed)
  const bag: FaultKind[] = []
  return Array.from({ length: deployments }, (_, index) => {
    if (bag.length === 0) bag.push(...fillBag(random, kinds))
    return {
      kind: bag.pop() ?? 'tunnel',
      // About the same number in each part of the run.
      deployment: Math.min(deployments - 1, Math.max(0, index + random.whole(-1, 1))),
      moment: random.pick(faultMoments),
      delayMs: random.whole(0, longestDelayMs),
      awayMs: random.whole(0, longestAwayMs),
      cut: random.pick(tunnelCuts),
    }
  })
}

/** Every kind comes, before one comes too often. */
function fillBag(random: Random, kinds: readonly FaultKind[]): FaultKind[] {
  const bag = kinds.flatMap((kind) => Array<FaultKind>(seldom.has(kind) ? 1 : rounds).fill(kind))
  for (let last = bag.length - 1; last > 0; last--) {
    const other = random.whole(0, last)
    const [one, two] = [bag[last], bag[other]]
    if (one && two) [bag[last], bag[other]] = [two, one]
  }
  return bag
}

export function renderFault({ kind, deployment, moment, delayMs, awayMs, cut }: Fault): string {
  const what = kind === 'tunnel' ? `${kind} (${cut})` : kind
  return `${what} at ${moment} + ${delayMs} ms of deployment ${deployment}, away for ${awayMs} ms`
}
