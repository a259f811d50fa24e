import { expect, test } from 'vitest'
import { deployMachine } from '../../src/deploy.ts'
import { startProduct } from '../../src/product.ts'
import { inRack } from '../support/rack.ts'

test('a BIOS machine that is discovered is deployed by a control plane in workerd', () =>
  inRack('worker-deploy', async (lab) => {
    const product = await startProduct(lab, { inWorkerd: true })
    const progress: string[] = []
    // It ends with a log-in by SSH, with the key that the deployment was given.
    const report = await deployMachine(lab, product, {
      labName: lab.state.name,
      machine: { firmware: 'bios' },
      discover: true,
      variant: 'light',
      onProgress: (line) => progress.push(line),
    })
    expect(report.result, progress.join('\n')).toBe('deployed')
    expect(report.stages.map((stage) => stage.name)).toEqual(
      expect.arrayContaining(['ramdisk', 'writing', 'configuring', 'restarting', 'first-boot']),
    )
    await product.stop()
  }))
