import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { waitUntil } from '../../src/api.ts'
import { runCommand, tryCommand } from '../../src/command.ts'
import { ensureHostPackages, hostPackages } from '../../src/host-packages.ts'
import { createLab } from '../../src/lab.ts'
import { commandOn, lan } from '../../src/network.ts'

test('a machine of the rack is switched, told what to start from, and watched, by ipmitool on the LAN', async () => {
  await ensureHostPackages(hostPackages.bmcClients)
  await using lab = await createLab({ name: 'bmc-machine' })
  const machine = await lab.addMachine('web-1', {
    firmware: 'bios',
    firstBoot: 'disk',
    bmc: { personality: 'supermicro' },
  })
  const address = machine.spec.bmc?.address ?? ''
  const argv = ['ipmitool', '-I', 'lanplus', '-C', '17', '-H', address, '-U', 'admin', '-P', 'secret']
  const command = [...commandOn(lab.state, 'customer', argv)]
  const ipmitool = (...args: string[]) => runCommand([...command, ...args], { timeoutMs: 60_000 })

  expect(await ipmitool('power', 'status')).toBe('Chassis Power is off\n')
  expect(await ipmitool('mc', 'guid')).toContain(machine.spec.uuid)
  await ipmitool('chassis', 'bootdev', 'pxe')
  await ipmitool('power', 'on')
  await waitUntil('the machine to be on', async () => (await machine.isOn()) || undefined, 30_000)
  // Disk is what this machine usually starts from: that iPXE runs first is the BMC's doing.
  await machine.waitForSerial(/iPXE initialising devices(?<!Booting from Hard Disk[\s\S]*)/, 120_000)
  expect(await ipmitool('power', 'status')).toBe('Chassis Power is on\n')
  expect(await ipmitool('chassis', 'bootparam', 'get', '5')).toContain('Boot Flag Invalid')

  // The next start is the usual one again; the console shows it.
  const console = `${command.join(' ')} sol activate`
  const watched = tryCommand(['sh', '-c', `(sleep 20; printf '~.') | script -qec '${console}' /dev/null`])
  await sleep(3000)
  await ipmitool('power', 'reset')
  const shown = (await watched).stdout
  expect(shown).toContain('SeaBIOS')
  expect(shown.indexOf('Booting from Hard Disk')).toBeGreaterThan(shown.indexOf('SeaBIOS'))
  expect(shown.slice(0, shown.indexOf('Booting from Hard Disk'))).not.toContain('iPXE initialising')

  // A running machine is told too, and the next reset obeys.
  await ipmitool('chassis', 'bootdev', 'pxe')
  const from = await machine.serialLength()
  await ipmitool('power', 'reset')
  await machine.waitForSerial(/iPXE initialising devices(?<!Booting from Hard Disk[\s\S]*)/, 120_000, from)
  await ipmitool('power', 'off')
  await sleep(1500)
  expect(await machine.isOn()).toBe(false)
  expect(await ipmitool('sel', 'elist')).toMatch(/S0\/G0[\s\S]*warm reset[\s\S]*S5\/G2/)
})

test('a machine starts from the disc that its BMC was given by Redfish', async () => {
  await ensureHostPackages([...hostPackages.bmcClients, 'ipxe'])
  await using lab = await createLab({ name: 'bmc-disc' })
  const machine = await lab.addMachine('web-1', { firmware: 'bios', firstBoot: 'disk', bmc: {} })
  const address = machine.spec.bmc?.address ?? ''
  const host = ['-m', 'http.server', '8000', '--bind', lan.customer, '--directory', '/usr/lib/ipxe']
  await lab.spawn('customer', ['/usr/bin/python3', ...host], { stdio: 'ignore' })
  const login = ['-u', 'admin', '-p', 'secret', '-S', 'Always']
  const redfishtool = ['redfishtool', '-r', address, ...login]
  const command = commandOn(lab.state, 'customer', redfishtool)
  const ask = (...args: string[]) => runCommand([...command, ...args], { timeoutMs: 60_000 })
  const insert = '/redfish/v1/Systems/System.Embedded.1/VirtualMedia/1/Actions/VirtualMedia.InsertMedia'
  const disc = JSON.stringify({ Image: `http://${lan.customer}:8000/ipxe.iso` })

  await waitUntil(
    'the disc to be put in',
    async () =>
      (await tryCommand([...command, 'raw', '-d', disc, 'POST', insert])).exitCode === 0 || undefined,
    30_000,
  )
  await ask('-F', 'Systems', 'setBootOverride', 'Once', 'Cd')
  await ask('-F', 'Systems', 'reset', 'On')
  await waitUntil('the machine to be on', async () => (await machine.isOn()) || undefined, 30_000)
  await machine.waitForSerial(/Booting from DVD\/CD[\s\S]*ISOLINUX[\s\S]*iPXE initialising/, 120_000)
})
