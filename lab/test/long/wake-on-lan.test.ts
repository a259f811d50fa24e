import type { CommandView } from '@dragonfly/schema/api'
import { expect, test } from 'vitest'
import { waitUntil } from '../../src/api.ts'
import { startProduct } from '../../src/product.ts'
import { startStandbyCard } from '../../src/wake-on-lan.ts'
import { endOfCommand, enterBmc } from '../support/bmc.ts'
import { inRack } from '../support/rack.ts'

const secureOn = '0a:1b:2c:3d:4e:5f'
/** By UDP nothing is sure: each is sent as often. */
const packetsSent = 3
const netbootTimeoutMs = 180_000
const ethernetHeaderBytes = 14
const udpStart = ethernetHeaderBytes + 20 + 8

test('a machine without a BMC is woken by its network card, with the SecureOn password that it wants, and boots', () =>
  inRack('wake-on-lan', async (lab) => {
    const product = await startProduct(lab)
    const { api, siteId } = product
    const machine = await lab.addMachine('rack-1', { firmware: 'bios' })
    await using card = await startStandbyCard(lab, machine, secureOn)
    const { machineId } = await api.createMachine({ siteId, mac: machine.mac, name: 'rack-1' })
    const path = `/api/v1/machines/${machineId}`
    const powerOn = async () => {
      const before = card.calls.length
      const command = await api.request<CommandView>('POST', `${path}/power-on`, {})
      const ended = await endOfCommand(product, command)
      await waitUntil(
        'the packets to be heard',
        async () => card.calls.length >= before + packetsSent || undefined,
        10_000,
      )
      return ended
    }

    // Nobody has entered a password: the card hears it, and sleeps on.
    expect(await powerOn()).toMatchObject({
      status: 'done',
      detail: { kind: 'power', powerState: 'unknown', driver: 'wake-on-lan' },
    })
    expect(card.calls.map(({ isObeyed }) => isObeyed)).toEqual([false, false, false])
    expect(await machine.isOn()).toBe(false)

    const reach = { address: machine.mac, protocol: 'wake-on-lan', username: '', password: secureOn } as const
    await enterBmc(product, machineId, reach)
    expect((await powerOn()).status).toBe('done')
    const frame = card.calls.at(-1)?.frame ?? Buffer.alloc(0)
    const hex = (text: string) => text.replaceAll(':', '')
    expect(frame.subarray(0, 6).toString('hex')).toBe('f'.repeat(12))
    expect(frame.readUInt16BE(udpStart - 6)).toBe(9)
    expect(frame.subarray(udpStart).toString('hex')).toBe(
      'f'.repeat(12) + hex(machine.mac).repeat(16) + hex(secureOn),
    )
    await waitUntil('the machine to go on', async () => (await machine.isOn()) || undefined, 10_000)
    await machine.waitForSerial(/Starting from its own disk\. Nothing is armed for it/, netbootTimeoutMs, 0)
    await product.stop()
  }))
