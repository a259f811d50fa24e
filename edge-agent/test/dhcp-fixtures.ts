import { readdirSync, readFileSync } from 'node:fs'
import { parseHex } from '../src/codec/hex.ts'

const folder = new URL('./fixtures/dhcp/', import.meta.url)

export interface CapturedPacket {
  from: { address: string; port: number }
  to: { address: string; port: number }
  bytes: Uint8Array
}

/** The names of all captured scenes. */
export function dhcpScenes(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.hex'))
    .map((name) => name.slice(0, -'.hex'.length))
    .sort()
}

export function readDhcpScene(scene: string): CapturedPacket[] {
  return readCapture(new URL(`${scene}.hex`, folder))
}

/** One packet per line: source, destination, payload in hex. */
export function readCapture(file: URL): CapturedPacket[] {
  const lines = readFileSync(file, 'latin1').trim().split('\n')
  return lines.map((line) => {
    const [from = '', to = '', hex = ''] = line.split(' ')
    const bytes = parseHex(hex)
    if (!bytes) throw new Error(`${file.pathname}: not hex`)
    return { from: parseEndpoint(from), to: parseEndpoint(to), bytes }
  })
}

/** Where a golden text of a scene is kept. */
export function goldenFile(scene: string, kind: 'dump' | 'replies' | 'full-replies'): URL {
  return new URL(`${scene}.${kind}`, folder)
}

function parseEndpoint(text: string): { address: string; port: number } {
  const [address = '', port = ''] = text.split(':')
  return { address, port: Number(port) }
}
