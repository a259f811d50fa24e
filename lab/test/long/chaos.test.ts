import { randomInt } from 'node:crypto'
import { test } from 'vitest'
import type { ChaosPlatform } from '../../src/chaos/chaos-product.ts'
import { expectToSurviveChaos } from '../support/chaos.ts'

const defaults = { seed: randomInt(1, 2 ** 31), deployments: 200, timesEach: 5 }

test.each<ChaosPlatform>(['node', 'worker'])(
  'on %s: two hundred deployments survive all that is killed under them',
  { timeout: 3 * 3600_000 },
  (platform) => expectToSurviveChaos(platform, defaults),
)
