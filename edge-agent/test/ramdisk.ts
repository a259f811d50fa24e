import { createHmac, randomBytes } from 'node:crypto'
import {
  type AgentFrame,
  type EdgeToAgentFrame,
  type Inventory,
  ramdiskLinkPath,
} from '@dragonfly/schema/wire'
import { WebSocket } from 'ws'
import { mintBootToken } from '../src/protocol/boot-token.ts'
import { loadSecret } from '../src/services/store/identity.ts'
import { type EdgeUnderTest, until } from './edge.ts'

/** A ramdisk's end of the link, driven by hand. */
export interface TestRamdisk {
  received: EdgeToAgentFrame[]
  session: string | null
  send(frame: AgentFrame): void
  /** Waits for a frame of this type, the nth one. */
  frame<T extends EdgeToAgentFrame['type']>(
    type: T,
    nth?: number,
  ): Promise<Extract<EdgeToAgentFrame, { type: T }>>
  closed(): boolean
  close(): void
}

export async function mintToken(site: EdgeUnderTest, mac: string, lifetimeMs = 60_000): Promise<string> {
  const key = Buffer.from(await loadSecret(site.database, 'bootTokenKey', () => ''), 'base64url')
  return mintBootToken(
    { mac, nonce: randomBytes(16), expiresAt: Date.now() + site.clock.aheadMs + lifetimeMs },
    key,
    (secret, message) => createHmac('sha256', secret).update(message).digest(),
  )
}

export async function connectRamdisk(
  site: EdgeUnderTest,
  hello: { mac: string; token?: string | null; session?: string | null; orderId?: string | null },
): Promise<TestRamdisk> {
  const port = await until(() => site.edge.agentPort(), 'the ramdisk link')
  const socket = new WebSocket(`ws://127.0.0.1:${port}${ramdiskLinkPath}`)
  const self: TestRamdisk = {
    received: [],
    session: null,
    send: (frame) => socket.send(JSON.stringify(frame)),
    frame: (type, nth = 1) =>
      until(
        () =>
          self.received.filter(
            (frame): frame is Extract<EdgeToAgentFrame, { type: typeof type }> => frame.type === type,
          )[nth - 1],
        `frame ${type}`,
      ),
    closed: () => socket.readyState === WebSocket.CLOSED,
    close: () => socket.terminate(),
  }
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as EdgeToAgentFrame
    self.received.push(frame)
    if (frame.type === 'welcome') self.session = frame.session
  })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  const { mac, token = null, session = null, orderId = null } = hello
  self.send({ type: 'hello', protocol: 1, mac, token, session, agentVersion: '0.1.0', orderId })
  return self
}

export function makeInventory(mac: string, smbiosUuid: string | null): Inventory {
  const none = {
    manufacturer: null,
    product: null,
    serial: null,
    boardSerial: null,
    assetTag: null,
    biosVendor: null,
    biosVersion: null,
    biosDate: null,
  }
  return {
    firmware: 'uefi',
    secureBoot: null,
    smbios: { uuid: smbiosUuid, ...none },
    virtualMachine: true,
    cpu: { model: null, sockets: 1, cores: 2, threads: 2, architecture: 'x86_64' },
    memory: { totalBytes: 2 ** 31, dimms: [] },
    disks: [],
    nics: [
      {
        name: 'eth0',
        mac,
        driver: null,
        speedMbps: null,
        link: true,
        boot: true,
        address: null,
        pciSlot: null,
        lldp: null,
      },
    ],
    bmc: null,
    gpus: [],
    tpm: null,
  }
}
