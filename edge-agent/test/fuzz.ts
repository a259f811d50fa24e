import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromLatin1 } from '../src/codec/byte-writer.ts'
import { readCapture } from './dhcp-fixtures.ts'
import { downloadByTftp } from './tftp-client.ts'

/** Some bytes changed, cut out, repeated, or set to what hurts most; sometimes two packets in one. */
function mutate(originals: readonly Uint8Array[], random: () => number): Uint8Array {
  const pick = (below: number) => Math.floor(random() * below)
  const original = originals[pick(originals.length)] ?? new Uint8Array()
  let bytes = Buffer.from(original)
  for (let change = pick(6); change >= 0 && bytes.length > 0; change--) {
    const at = pick(bytes.length)
    const length = 1 + pick(Math.min(16, bytes.length - at))
    const way = pick(6)
    if (way === 0) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    else if (way === 1) bytes = Buffer.concat([bytes, bytes.subarray(at)]).subarray(0, 4096)
    else if (way === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), originals[pick(originals.length)] ?? bytes])
    else bytes[at] = [0, 1, 5, 10, 13, 32, 255, 0x2e, 0x5c, pick(256)][pick(10)] ?? 0
  }
  return random() < 0.2 ? bytes.subarray(0, pick(bytes.length + 1)) : bytes
}

const capture = readCapture(new URL('./fixtures/tftp/uefi-pxe.hex', import.meta.url))

const tftpSeeds: Uint8Array[] = [
  ...capture.map(({ bytes }) => bytes),
  // As iPXE, GRUB, U-Boot, tftp-hpa and curl ask.
  fromLatin1('\0\x01/snponly.efi\0octet\0blksize\x001432\0tsize\x000\0'),
  fromLatin1('\0\x01snponly.efi\0octet\0blksize\x001024\0tsize\x000\0'),
  fromLatin1('\0\x01snponly.efi\0octet\0timeout\x005\0blksize\x001468\0windowsize\x0016\0'),
  fromLatin1('\0\x01snponly.efi\0netascii\0'),
  fromLatin1('\0\x01snponly.efi\0octet\0tsize\x000\0blksize\x00512\0timeout\x006\0'),
  fromLatin1('\0\x02snponly.efi\0octet\0'),
  Uint8Array.of(0, 3, 0, 1, 1, 2, 3),
]

/** A few clients, so that the limit for each leaves room for one that means well. */
const clientCount = 8

/**
 * Sends that many broken packets to the TFTP port and to the ports that transfers use. After each few hundred, a client
 * that means well boots. @returns how many of those did.
 */
export async function fuzzTftp(
  port: number,
  inputs: number,
  random: () => number,
  file: Uint8Array,
): Promise<number> {
  const dataPorts = [port]
  const clients = await Promise.all(
    Array.from({ length: clientCount }, (_, index) => openClient(index, dataPorts)),
  )
  let boots = 0
  try {
    for (let sent = 0; sent < inputs; ) {
      for (let burst = 0; burst < 250 && sent < inputs; burst++, sent++) {
        const client = clients[sent % clientCount]
        const to = random() < 0.5 ? port : (dataPorts[Math.floor(random() * dataPorts.length)] ?? port)
        client?.send(mutate(tftpSeeds, random), to, '127.0.0.1')
      }
      // All the ports of a service are met again and again.
      dataPorts.splice(1, Math.max(0, dataPorts.length - 40))
      if (sent % 2500 === 0 || sent === inputs) {
        const { bytes } = await downloadByTftp({
          port,
          fileName: 'snponly.efi',
          options: { blksize: '1468', windowsize: '8' },
        })
        if (Buffer.compare(bytes, file) === 0) boots++
      } else await sleep(1)
    }
  } finally {
    for (const client of clients) client.close()
  }
  return boots
}

async function openClient(index: number, dataPorts: number[]): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (name, _, done) => done(null, name, 4) })
  // It may listen before the call returns.
  const listening = once(socket, 'listening')
  socket.bind(0, `127.0.7.${index + 1}`)
  await listening
  socket.on('message', (_, from) => dataPorts.push(from.port))
  socket.on('error', () => undefined)
  return socket
}

/** Requests as UEFI, iPXE, curl and our own ramdisk make them. */
export function httpSeeds(paths: readonly string[]): Uint8Array[] {
  return paths.flatMap((path) =>
    [
      `HEAD ${path} HTTP/1.1\r\nHost: 10.77.0.2:6870\r\nAccept: */*\r\nUser-Agent: UefiHttpBoot/1.0\r\n\r\n`,
      `GET ${path} HTTP/1.1\r\nConnection: keep-alive\r\nUser-Agent: iPXE/1.0.0+\r\nHost: 10.77.0.2:6870\r\n\r\n`,
      `GET ${path} HTTP/1.1\r\nHost: x\r\nRange: bytes=100-199\r\nIf-Range: "1"\r\nConnection: close\r\n\r\n`,
      `GET ${path} HTTP/1.0\r\n\r\n`,
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc`,
      `PUT ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
      `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    ].map((text) => Buffer.from(text, 'latin1')),
  )
}

const connectionsAtOnce = 32
/** Longer than any of the server's limits for a request: who waits longer, waits for ever. */
const hangMs = 20_000

/** Sends that many broken requests, each on a connection of its own. @returns how many were neither answered nor closed. */
export async function fuzzHttp(
  port: number,
  inputs: number,
  random: () => number,
  seeds: readonly Uint8Array[],
): Promise<number> {
  let hangs = 0
  let next = 0
  const work = async (): Promise<void> => {
    while (next++ < inputs) if (!(await ask(port, mutate(seeds, random)))) hangs++
  }
  await Promise.all(Array.from({ length: connectionsAtOnce }, work))
  return hangs
}

/** Whether there was an answer, or an end. */
function ask(port: number, bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const settle = (ended: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(ended)
    }
    const timer = setTimeout(() => settle(false), hangMs)
    socket.on('data', () => settle(true))
    socket.on('close', () => settle(true))
    socket.on('error', () => settle(true))
    // Half closed: a request that is not whole will never be.
    socket.end(bytes)
  })
}

/** What must not grow. */
export function processState(pid: number | undefined): { descriptors: number; memoryMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    memoryMb: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024,
  }
}
