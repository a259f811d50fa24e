import { test } from 'vitest'
import { expectBothToSurviveChaos } from './support/chaos.ts'

// Twenty deployments in all, and the same faults in every run; the long tests have ten times as many, and ever new ones.
const defaults = { seed: 1, deployments: 10, timesEach: 2 }

test(
  'with edge, control plane, database and tunnel killed at any moment, nothing is lost, doubled or stuck',
  // Among many others on a busy computer, starting programs again takes minutes.
  { timeout: 1_800_000 },
  () => expectBothToSurviveChaos(defaults),
)
