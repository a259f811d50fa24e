import { expect } from 'vitest'
import type { ChaosPlatform } from '../../src/chaos/chaos-product.ts'
import { judge, renderSummary } from '../../src/chaos/judge.ts'
import { runChaos } from '../../src/chaos/run-chaos.ts'
import { inRack } from './rack.ts'

/**
 * Deploys while all that deploys is killed, cut and switched off, and looks for what was lost, doubled or stuck. The environment
 * repeats a run, or makes it another: DRAGONFLY_CHAOS_SEED, DRAGONFLY_CHAOS_DEPLOYMENTS (on this platform);
 * DRAGONFLY_CHAOS_VERBOSE=1 tells what happens.
 */
export async function expectToSurviveChaos(
  platform: ChaosPlatform,
  defaults: { seed: number; deployments: number; timesEach: number },
): Promise<void> {
  const { env } = process
  const seed = Number(env.DRAGONFLY_CHAOS_SEED ?? defaults.seed)
  const deployments = Number(env.DRAGONFLY_CHAOS_DEPLOYMENTS ?? defaults.deployments)
  const startedMs = Date.now()
  const say = (line: string): void => {
    process.stderr.write(`${((Date.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${line}\n`)
  }
  say(`chaos on ${platform}: DRAGONFLY_CHAOS_SEED=${seed} DRAGONFLY_CHAOS_DEPLOYMENTS=${deployments}`)
  await inRack(`chaos-${platform}`, async (lab) => {
    const onProgress = env.DRAGONFLY_CHAOS_VERBOSE ? say : () => undefined
    const evidence = await runChaos(lab, { ...defaults, platform, seed, deployments, onProgress })
    say(renderSummary(evidence))
    expect(judge(evidence), `seed ${seed}`).toEqual([])
  })
}
