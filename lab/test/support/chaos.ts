import { expect } from 'vitest'
import type { ChaosPlatform } from '../../src/chaos/chaos-product.ts'
import { judge, renderSummary } from '../../src/chaos/judge.ts'
import { runChaos } from '../../src/chaos/run-chaos.ts'
import type { Lab } from '../../src/lab.ts'
import { inRack } from './rack.ts'

interface ChaosDefaults {
  seed: number
  /** On each platform. */
  deployments: number
  /** How often each machine is deployed. */
  timesEach: number
}

/**
 * Deploys while all that deploys is killed, cut and switched off, and looks for what was lost, doubled or stuck. The environment
 * repeats a run, or makes it another: DRAGONFLY_CHAOS_SEED, DRAGONFLY_CHAOS_DEPLOYMENTS (on each platform);
 * DRAGONFLY_CHAOS_VERBOSE=1 tells what happens.
 */
export async function expectToSurviveChaos(platform: ChaosPlatform, defaults: ChaosDefaults): Promise<void> {
  await inRack(`chaos-${platform}`, (lab) => survive(lab, platform, defaults))
}

/** The same on both platforms at once, each with a rack of its own: a run waits more than it works. */
export async function expectBothToSurviveChaos(defaults: ChaosDefaults): Promise<void> {
  await inRack('chaos-node', (onNode) =>
    inRack('chaos-worker', async (onWorker) => {
      const runs = [survive(onNode, 'node', defaults), survive(onWorker, 'worker', defaults)]
      // Neither rack is taken down under the other's run.
      for (const outcome of await Promise.allSettled(runs))
        if (outcome.status === 'rejected') throw outcome.reason
    }),
  )
}

async function survive(lab: Lab, platform: ChaosPlatform, defaults: ChaosDefaults): Promise<void> {
  const { env } = process
  const seed = Number(env.DRAGONFLY_CHAOS_SEED ?? defaults.seed)
  const deployments = Number(env.DRAGONFLY_CHAOS_DEPLOYMENTS ?? defaults.deployments)
  const startedMs = Date.now()
  const say = (line: string): void => {
    const atSeconds = ((Date.now() - startedMs) / 1000).toFixed(1).padStart(6)
    process.stderr.write(`${atSeconds} s  ${platform}: ${line}\n`)
  }
  say(`DRAGONFLY_CHAOS_SEED=${seed} DRAGONFLY_CHAOS_DEPLOYMENTS=${deployments}`)
  const onProgress = env.DRAGONFLY_CHAOS_VERBOSE ? say : () => undefined
  const evidence = await runChaos(lab, { ...defaults, platform, seed, deployments, onProgress })
  say(renderSummary(evidence))
  expect(judge(evidence), `on ${platform}, seed ${seed}`).toEqual([])
}
