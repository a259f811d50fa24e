import { expect, test } from 'vitest'
import { deployMachine } from '../../src/deploy.ts'
import { startProduct } from '../../src/product.ts'
import { overhearBoots } from '../support/overheard.ts'
import { inRack } from '../support/rack.ts'

test('a machine whose firmware knows HTTP boot and no PXE is deployed', () =>
  inRack('uefi-http-boot', async (lab) => {
    const product = await startProduct(lab)
    const overheard = await overhearBoots(lab)
    const progress: string[] = []
    // It ends with a log-in by SSH.
    const report = await deployMachine(lab, product, {
      labName: lab.state.name,
      machine: { firmware: 'uefi', disks: ['nvme'], networkBoot: 'http' },
      discover: false,
      variant: 'light',
      onProgress: (line) => progress.push(line),
    })
    console.log(JSON.stringify(report))
    expect(report.result, progress.join('\n')).toBe('deployed')
    await overheard.stop()
    const text = overheard.text()
    expect(text).toContain('HTTPClient:Arch:00016')
    expect(text).not.toContain('PXEClient:Arch:00007:UNDI:003000')
    // The firmware itself fetches our iPXE: how long it is first, then all of it.
    const asked = [...text.matchAll(/(HEAD|GET) (\/\S+) HTTP\/1\.1\r?\n[\s\S]*?User-Agent: (\S+)/g)]
    const ofFirmware = asked.filter(([, , , agent]) => agent === 'UefiHttpBoot/1.0')
    const loader = '/boot/snponly.efi'
    expect(ofFirmware.map(([, method, path]) => `${method} ${path}`).slice(0, 2)).toEqual([
      `HEAD ${loader}`,
      `GET ${loader}`,
    ])
    expect(text).not.toMatch(/> 10\.77\.0\.2\.69: /)
    await product.stop()
  }))
