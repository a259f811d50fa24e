import { deploymentStages, failureText, stageIndex } from '@dragonfly/schema/state'
import { expect, it } from 'vitest'
import { createScript, mishaps } from './deployment-script.ts'
import { createMachineSpec } from './machine-inventory.ts'
import { createRandom } from './random.ts'

const machine = createMachineSpec(1, 0)
const [disk] = machine.inventory.disks
if (!disk) throw new Error('the first machine has a disk')
const input = { machine, disk, sizeBytes: 3e9, fromRamdisk: false, mishap: null }

it('goes through every stage, in order, to deployed', () => {
  const steps = createScript(createRandom(1), input)
  const stages = steps.flatMap((step) => (step.kind === 'stage' ? [stageIndex(step.stage)] : []))
  expect(stages).toEqual(stages.toSorted((a, b) => a - b))
  expect(stages).toHaveLength(9)
  expect(steps.at(-1)?.kind).toBe('deployed')
})

it('needs no firmware when the ramdisk is up', () => {
  const steps = createScript(createRandom(1), { ...input, fromRamdisk: true })
  const stages = steps.flatMap((step) => (step.kind === 'stage' ? [step.stage] : []))
  expect(stages.slice(0, 3)).toEqual(['powering', 'ramdisk', 'writing'])
})

it('starts over after a power cut, and arrives', () => {
  const steps = createScript(createRandom(1), { ...input, mishap: 'power-cut' })
  expect(steps.find((step) => step.kind === 'retry')).toMatchObject({ attempt: 2, stage: 'firmware' })
  expect(steps.at(-1)?.kind).toBe('deployed')
})

it('waits for the watchdog in every try before it gives up', () => {
  const steps = createScript(createRandom(1), { ...input, mishap: 'kernel-not-fetched' })
  const stuck = steps.filter((step) => step.kind === 'stage' && step.stage === 'bootloader')
  expect(stuck.map((step) => step.lastsMs)).toEqual(Array(3).fill(deploymentStages.bootloader.watchdogMs))
  expect(steps.at(-1)).toMatchObject({ kind: 'failed', reason: 'kernel-not-fetched' })
})

it.each(mishaps.filter((mishap) => mishap !== 'power-cut' && mishap !== 'never-powered-on'))(
  '%s ends in a failure that the product has words for',
  (mishap) => {
    const last = createScript(createRandom(1), { ...input, mishap }).at(-1)
    expect(last).toMatchObject({ kind: 'failed', reason: mishap })
    expect(failureText(mishap).title).not.toBe(failureText('no such reason').title)
  },
)
