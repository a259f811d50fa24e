import type { BmcLogPage, CommandView, MachineDetail } from '@dragonfly/schema/api'
import { expect, test } from 'vitest'
import { waitUntil } from '../../src/api.ts'
import { runCommand } from '../../src/command.ts'
import { ensureHostPackages, hostPackages } from '../../src/host-packages.ts'
import { commandOn, lan } from '../../src/network.ts'
import { startProduct } from '../../src/product.ts'
import { adoptByAddress, endOfCommand, waitForPower } from '../support/bmc.ts'
import { inRack } from '../support/rack.ts'

const admin = { name: 'admin', password: 'secret-17' }

test('a BMC that streams its events is heard at once, and its virtual drive is filled and emptied', () =>
  inRack('bmc-events', async (lab) => {
    await ensureHostPackages([...hostPackages.bmcClients, 'ipxe'])
    const bmc = { personality: 'dell' as const, users: [admin] }
    const machine = await lab.addMachine('web-1', { firmware: 'bios', firstBoot: 'disk', bmc })
    const address = machine.spec.bmc?.address ?? ''
    const product = await startProduct(lab)
    const { api } = product
    const machineId = await adoptByAddress(product, address, admin, { protocol: 'redfish', name: 'web-1' })
    await waitForPower(product, machineId, 'off')
    const path = `/api/v1/machines/${machineId}/bmc`
    const log = async () => (await api.request<BmcLogPage>('GET', `${path}/event-log`)).items
    /** Somebody at the BMC's own page, as far as Dragonfly can tell. */
    const login = ['-u', admin.name, '-p', admin.password]
    const redfishtool = ['redfishtool', '-r', address, ...login, '-S', 'Always']
    const ask = (...args: string[]) =>
      runCommand([...commandOn(lab.state, 'customer', redfishtool), ...args], { timeoutMs: 60_000 })

    // The stream is opened after the first look at the log. From then on, by a look once a minute, at most one of these
    // would be seen within its time.
    for (const [reset, message, withinMs] of [
      ['On', 'powered on', 120_000],
      ['ForceOff', 'powered off', 15_000],
      ['On', 'powered on', 15_000],
      ['ForceOff', 'powered off', 15_000],
    ] as const) {
      const before = (await log()).filter(({ text }) => text.includes(message)).length
      await ask('-F', 'Systems', 'reset', reset)
      await waitUntil(
        `the log to say that it was ${message}`,
        async () => (await log()).filter(({ text }) => text.includes(message)).length > before || undefined,
        withinMs,
      )
    }

    const host = ['-m', 'http.server', '8000', '--bind', lan.customer, '--directory', '/usr/lib/ipxe']
    await lab.spawn('customer', ['/usr/bin/python3', ...host], { stdio: 'ignore' })
    const url = `http://${lan.customer}:8000/ipxe.iso`
    const ended = async (method: 'PUT' | 'DELETE' | 'POST', at: string, body?: { url: string }) => {
      const confirmed = body ? await api.confirm('insertBmcMedia', { machineId, ...body }) : {}
      const { status, message, detail } = await endOfCommand(
        product,
        await api.request<CommandView>(method, at, body, confirmed),
      )
      return [status, status === 'failed' ? message : detail]
    }
    const holding = (image: string | null) => ['done', { kind: 'virtual-media', image, driver: 'redfish' }]
    expect(await ended('PUT', `${path}/media`, { url })).toEqual(holding(url))
    const slot = '/redfish/v1/Systems/System.Embedded.1/VirtualMedia/1'
    expect(JSON.parse(await ask('raw', 'GET', slot))).toMatchObject({ Image: url, Inserted: true })
    expect(await ended('POST', `${path}/media/read`)).toEqual(holding(url))
    expect(await ended('DELETE', `${path}/media`)).toEqual(holding(null))
    expect(JSON.parse(await ask('raw', 'GET', slot))).toMatchObject({ Inserted: false })
    const missing = await ended('PUT', `${path}/media`, { url: `${url}.missing` })
    expect(missing).toEqual(['failed', expect.stringContaining('404')])

    await api.request<MachineDetail>('DELETE', path)
    const sessions = '/redfish/v1/SessionService/Sessions'
    const basic = ['redfishtool', '-r', address, ...login, '-S', 'Always', '-A', 'Basic']
    await waitUntil(
      'the BMC to have its sessions back',
      async () => {
        const told = await runCommand([...commandOn(lab.state, 'customer', basic), 'raw', 'GET', sessions])
        return JSON.parse(told).Members.length === 0 || undefined
      },
      30_000,
    )
    await product.stop()
  }))
