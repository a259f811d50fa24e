import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'

// A site's machines in one process: asks an edge for DHCP and TFTP ten times a second, and slowly fetches one file after
// the other, until it is ended. Then it says how long nobody answered. Arguments: the edge's address, a boot file's name,
// and an address of this host on the LAN.
const [edge = '', file = '', own = ''] = process.argv.slice(2)
const everyMs = 100
const acknowledgeAfterMs = 30
const repeatMs = 1000

interface Answers {
  asked: number
  answered: number
  longestGapMs: number
  lastMs: number
}
const newAnswers = (): Answers => ({ asked: 0, answered: 0, longestGapMs: 0, lastMs: performance.now() })
const dhcp = newAnswers()
const tftp = newAnswers()
const transfers = { whole: [] as string[], broken: [] as string[] }

function note(answers: Answers): void {
  const now = performance.now()
  answers.longestGapMs = Math.max(answers.longestGapMs, Math.round(now - answers.lastMs))
  answers.lastMs = now
  answers.answered++
}

/** A ROM's DISCOVER (RFC 2131, PXE 2.1) that wants its answer broadcast. */
function encodeDiscover(transaction: number): Buffer {
  const packet = Buffer.alloc(240)
  packet.set([1, 1, 6, 0])
  packet.writeUInt32BE(transaction, 4)
  packet.writeUInt16BE(0x8000, 10)
  packet.set([0x02, 0xdf, 0, 0, 0, 0x01], 28)
  packet.set([0x63, 0x82, 0x53, 0x63], 236)
  const vendorClass = Buffer.from('PXEClient:Arch:00007:UNDI:003001')
  const options = [53, 1, 1, 55, 4, 1, 3, 66, 67, 93, 2, 0, 7, 94, 3, 1, 3, 1, 60, vendorClass.length]
  return Buffer.concat([packet, Buffer.from(options), vendorClass, Buffer.from([255])])
}

const client = createSocket({ type: 'udp4', reuseAddr: true })
client.on('message', (bytes, { address }) => {
  if (address === edge && bytes[0] === 2) note(dhcp)
})
await new Promise<void>((resolve) => client.bind(68, '0.0.0.0', resolve))
const sender = createSocket('udp4')
await new Promise<void>((resolve) => sender.bind(0, own, resolve))
sender.setBroadcast(true)
let transaction = 1
const asking = setInterval(() => {
  dhcp.asked++
  sender.send(encodeDiscover(transaction++), 67, '255.255.255.255')
  askTftp()
}, everyMs)

const readRequest = Buffer.from(`\0\x01${file}\0octet\0`)

/** The first block, and an ERROR that spares the rest. */
function askTftp(): void {
  tftp.asked++
  const socket = createSocket('udp4')
  const patience = setTimeout(() => socket.close(), repeatMs)
  socket.once('message', (_bytes, from) => {
    note(tftp)
    clearTimeout(patience)
    socket.send(Buffer.from('\0\x05\0\0enough\0'), from.port, from.address, () => socket.close())
  })
  socket.send(readRequest, 69, edge)
}

/** Block by block, as slowly as a ROM on a bad day: under way when whatever happens happens. */
function fetchSlowly(): void {
  const socket = createSocket('udp4')
  const hash = createHash('sha256')
  let expected = 1
  let silence: NodeJS.Timeout | undefined
  const finish = (list: string[], result: string): void => {
    clearTimeout(silence)
    list.push(result)
    socket.close()
    setTimeout(fetchSlowly, everyMs)
  }
  const waitOn = (): void => {
    clearTimeout(silence)
    silence = setTimeout(() => finish(transfers.broken, `silence before block ${expected}`), repeatMs * 5)
  }
  socket.on('message', (bytes, from) => {
    if (bytes.readUInt16BE(0) !== 3) return finish(transfers.broken, bytes.toString('latin1', 4))
    const block = bytes.readUInt16BE(2)
    if (block !== (expected & 0xffff)) return
    expected++
    hash.update(bytes.subarray(4))
    waitOn()
    const acknowledgement = Buffer.from([0, 4, block >> 8, block & 255])
    const isLast = bytes.length < 516
    setTimeout(() => {
      socket.send(acknowledgement, from.port, from.address)
      if (isLast) finish(transfers.whole, hash.digest('hex'))
    }, acknowledgeAfterMs)
  })
  socket.send(readRequest, 69, edge)
  waitOn()
}
fetchSlowly()

process.on('SIGTERM', () => {
  clearInterval(asking)
  const tell = ({ asked, answered, longestGapMs, lastMs }: Answers) => ({
    asked,
    answered,
    // Silence to the end counts.
    longestGapMs: Math.max(longestGapMs, Math.round(performance.now() - lastMs)),
  })
  process.stdout.write(`${JSON.stringify({ dhcp: tell(dhcp), tftp: tell(tftp), transfers })}\n`, () =>
    process.exit(0),
  )
})
process.stdout.write('asking\n')
