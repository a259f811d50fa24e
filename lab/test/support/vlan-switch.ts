import { createSocket } from 'node:dgram'

/**
 * A switch with one trunk and access ports, on UDP sockets of loopback, as QEMU's `-netdev dgram` has its cables: Linux here may
 * have no VLANs. `vlan-switch.ts TRUNK=OWN:MACHINE VID=OWN:MACHINE...`, each with the switch's own port and the machine's.
 * IEEE 802.1Q §9: a tag of four bytes behind both addresses.
 */
const tagType = 0x8100

interface Port {
  /** 0: the trunk. */
  vlan: number
  send: (frame: Uint8Array) => void
}

const ports: Port[] = []

/** Frames of the trunk carry a tag; an access port's are of its VLAN and carry none. */
function forward(frame: Buffer, from: Port): void {
  if (frame.length < 14) return
  if (from.vlan !== 0) {
    const tag = Buffer.from([tagType >> 8, tagType & 0xff, from.vlan >> 8, from.vlan & 0xff])
    const tagged = Buffer.concat([frame.subarray(0, 12), tag, frame.subarray(12)])
    for (const port of ports) {
      if (port.vlan === 0) port.send(tagged)
      else if (port !== from && port.vlan === from.vlan) port.send(frame)
    }
    return
  }
  if (frame.length < 18 || frame.readUInt16BE(12) !== tagType) return
  const vlan = frame.readUInt16BE(14) & 0xfff
  const plain = Buffer.concat([frame.subarray(0, 12), frame.subarray(16)])
  for (const port of ports) if (port.vlan === vlan) port.send(plain)
}

let bound = 0
const wanted = process.argv.slice(2)
for (const text of wanted) {
  const [vlan = '', own = '', machine = ''] = text.split(/[=:]/)
  const socket = createSocket('udp4')
  const port: Port = {
    vlan: vlan === 'TRUNK' ? 0 : Number(vlan),
    // A machine that is off has nobody at its end.
    send: (frame) => socket.send(frame, Number(machine), '127.0.0.1', () => undefined),
  }
  ports.push(port)
  socket.on('message', (frame) => forward(frame, port))
  socket.on('error', () => undefined)
  socket.bind(Number(own), '127.0.0.1', () => {
    bound += 1
    socket.setRecvBufferSize(4 * 2 ** 20)
    if (bound === wanted.length) console.log('ready')
  })
}
