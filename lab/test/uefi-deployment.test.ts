import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { deployMachine } from '../src/deploy.ts'
import { lan } from '../src/network.ts'
import { startProduct } from '../src/product.ts'
import { inRack } from './support/rack.ts'

const proxyProgram = fileURLToPath(new URL('./support/corrupting-proxy.ts', import.meta.url))
const proxyPort = 6881
const damagedAnswers = 2

test('a UEFI machine announced by its MAC address is deployed to its NVMe disk over a wire that damages a chunk', () =>
  inRack('uefi-test', async (lab) => {
    const upstream = `http://${lan.edge}:6871`
    const proxy = await lab.spawn(
      'edge',
      [process.execPath, proxyProgram, upstream, String(proxyPort), String(damagedAnswers)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let said = ''
    proxy.stdout?.on('data', (part) => {
      said += String(part)
    })
    const product = await startProduct(lab, {
      edgeEnvironment: { DRAGONFLY_EDGE_IMAGE_SERVERS: `http://${lan.edge}:${proxyPort}` },
    })
    const progress: string[] = []
    // It ends with a log-in by SSH, with the key that the deployment was given.
    const report = await deployMachine(lab, product, {
      labName: lab.state.name,
      machine: { firmware: 'uefi', disks: ['nvme'] },
      discover: false,
      variant: 'light',
      onProgress: (line) => progress.push(line),
    })
    expect(report.result, progress.join('\n')).toBe('deployed')
    expect(report.stages.map((stage) => stage.name)).toEqual([
      ...['powering', 'firmware', 'bootloader', 'kernel', 'ramdisk', 'writing'],
      ...['configuring', 'restarting', 'first-boot'],
    ])

    // Our GRUB found the installed system; the firmware's own boot order did not have to help.
    const [started] = await lab.machines()
    expect(await started?.serialText(0)).toMatch(/Dragonfly: local boot from \(hd\d+,gpt\d+\)\/EFI\//)

    const answers = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { chunk: string; isDamaged: boolean })
    expect(answers.slice(0, damagedAnswers + 1).map((answer) => answer.isDamaged)).toEqual([
      true,
      true,
      false,
    ])
    const chunk = answers[0]?.chunk.slice(0, 12)
    const [machine] = await product.api.machines()
    const log = await product.api.machineLog(machine?.machineId ?? '')
    const refetches = log.filter((line) => line.level === 'warning' && line.text.includes(`chunk ${chunk}`))
    expect(refetches).toHaveLength(damagedAnswers)
    expect(refetches[0]?.text).toMatch(/(its SHA-256 is wrong|it can’t be decompressed); trying again$/)
    expect(machine?.deployment).toMatchObject({ status: 'deployed', attempt: 1, failure: null })
    await product.stop()
  }))
