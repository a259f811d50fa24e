import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { lan } from '../src/network.ts'
import { startProduct } from '../src/product.ts'
import { inRack } from './support/rack.ts'

const mac = '52:54:00:aa:bb:01'

/** A BIOS machine that asks for its boot file, as a firmware does (RFC 2131; PXE 2.1 for options 60, 93 and 97). */
const discover = `
  const packet = Buffer.alloc(340)
  packet.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0x80, 0])
  packet.set(Buffer.from('${mac.replaceAll(':', '')}', 'hex'), 28)
  const identity = [97, 17, 0, ...Buffer.from('4c4c4544000010008000000000000042', 'hex')]
  const client = [60, 32, ...Buffer.from('PXEClient:Arch:00000:UNDI:002001')]
  packet.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1, ...client, 93, 2, 0, 0, 94, 3, 1, 2, 1, ...identity, 255], 236)
  const socket = require('dgram').createSocket('udp4')
  socket.bind(0, '${lan.customer}', () => {
    socket.setBroadcast(true)
    socket.send(packet, 67, '${lan.customer.replace(/\d+$/, '255')}', () => socket.close())
  })
`

test('a real edge at a control plane in workerd: enrolled, told what to do, heard, and revoked', () =>
  inRack('worker-edge', async (lab) => {
    // Resolves when the edge has its tunnel, acts on the newest state and holds the boot bundle.
    const product = await startProduct(lab, { inWorkerd: true })
    const { api, siteId, edgeId } = product
    await api.request('PATCH', `/api/v1/sites/${siteId}`, { unknownMachines: 'hold' })
    await waitUntil(
      'the edge to act on the new policy',
      async () => (await api.edges())[0]?.upToDate || undefined,
      60_000,
    )
    const found = await waitUntil(
      'the machine to be taken in',
      async () => {
        const { exitCode, stderr } = await lab.exec('customer', [process.execPath, '-e', discover])
        expect(exitCode, stderr).toBe(0)
        return (await api.machines()).find((machine) => machine.macs.includes(mac))
      },
      60_000,
      2000,
    )
    expect(found).toMatchObject({ siteId })

    // Both ends of the tunnel come back by themselves.
    await product.controlPlane.stop()
    await product.controlPlane.start()
    await api.request('PATCH', `/api/v1/sites/${siteId}`, { unknownMachines: 'ignore' })
    await waitUntil(
      'the edge to be back, and to act on what was changed since',
      async () => {
        const [edge] = await api.edges()
        return (edge?.status === 'online' && edge.upToDate) || undefined
      },
      90_000,
    )
    expect(await api.machines()).toHaveLength(1)

    const confirmed = await api.confirm('revokeEdge', { edgeId })
    await api.request('DELETE', `/api/v1/edges/${edgeId}`, undefined, confirmed)
    await waitUntil(
      'the edge to end its service',
      async () => (await readFile(product.edge.log, 'utf8')).includes('was revoked') || undefined,
      30_000,
    )
    expect((await api.edges())[0]?.status).toBe('revoked')
    await product.stop()
  }))
