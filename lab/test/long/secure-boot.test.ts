import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deployMachine, runOverSsh, waitForEdge } from '../../src/deploy.ts'
import type { Lab } from '../../src/lab.ts'
import { startProduct } from '../../src/product.ts'
import { giveOutAddresses } from '../support/full-dhcp.ts'
import { inRack } from '../support/rack.ts'
import { createSignedImage } from '../support/signed-image.ts'

const bootTimeoutMs = 600_000
/** GRUB loads 68 MiB in pieces of 1 KiB, and each waits for a turn of the emulated machine. */
const testTimeoutMs = 2_400_000
const machine = { firmware: 'uefi', secureBoot: true, disks: ['nvme'] } as const

/** The firmware has Microsoft's keys, and Secure Boot is in force: it starts nothing that is not signed. */
async function expectRefusal(lab: Lab): Promise<void> {
  const refused = await lab.addMachine('refused', { ...machine, disks: ['nvme'] })
  await refused.powerOn()
  await refused.waitForSerial(/Access Denied|Security Violation/, bootTimeoutMs)
  expect(await refused.serialText()).not.toContain('iPXE')
  await refused.remove()
}

test(
  'a machine with Secure Boot is deployed, and starts what was installed, by signed programs alone',
  () =>
    inRack(
      'secure-boot',
      async (lab) => {
        const image = await createSignedImage(lab.state.dir)
        const product = await startProduct(lab)
        await giveOutAddresses(product)
        await expectRefusal(lab)
        await giveOutAddresses(product, { secureBoot: true })
        await waitForEdge(product)
        const progress: string[] = []
        const report = await deployMachine(lab, product, {
          labName: lab.state.name,
          machine: { ...machine, disks: ['nvme'] },
          discover: false,
          variant: 'light',
          image,
          onProgress: (line) => progress.push(line),
        })
        console.log(JSON.stringify(report))
        expect(report.result, progress.join('\n')).toBe('deployed')
        const [found] = await product.api.machines()
        const detail = await product.api.machine(found?.machineId ?? '')
        expect(detail.inventory).toMatchObject({ firmware: 'uefi', secureBoot: true })

        const deployed = await lab.machine('rack-1')
        expect(await deployed.serialText(0)).toMatch(
          /Dragonfly: local boot from \(hd\d+,gpt\d+\)\/EFI\/debian\/shimx64\.efi/,
        )
        const login = {
          address: detail.deployment?.address ?? '',
          user: 'ada',
          key: join(lab.state.dir, 'ssh-key'),
        }
        const kernelLog = await runOverSsh(lab, { ...login, command: 'sudo dmesg' })
        expect(kernelLog).toMatch(/secureboot: Secure boot enabled/)

        // Without the network, too: what is on its disk is signed.
        await deployed.powerOff()
        await deployed.powerOn({ first: 'disk' })
        await deployed.waitForSerial(/LAB-BOOT rack-1/, bootTimeoutMs)
        await product.stop()
      },
      { dhcpServer: false },
    ),
  testTimeoutMs,
)
