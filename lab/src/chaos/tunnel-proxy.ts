import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { TunnelCut } from './fault-plan.ts'

/** A line between an edge and its control plane, which can be cut. */
export interface TunnelProxy {
  url: string
  /** Bytes are lost for a while, as `how` says, then every connection is; from then on it is as before. */
  cut(how: TunnelCut, awayMs: number): Promise<void>
  close(): Promise<void>
}

interface Line {
  edge: Socket
  controlPlane: Socket
}

/** Hands on what comes at a free port of `address`. */
export async function startTunnelProxy(target: string, address: string): Promise<TunnelProxy> {
  const { hostname, port: targetPort } = new URL(target)
  const lines = new Set<Line>()
  let fault: TunnelCut | null = null

  const end = (line: Line): void => {
    lines.delete(line)
    line.edge.destroy()
    line.controlPlane.destroy()
  }
  const server = createServer((edge) => {
    if (fault === 'cut') return void edge.destroy()
    const line: Line = { edge, controlPlane: connect(Number(targetPort), hostname) }
    const { controlPlane } = line
    lines.add(line)
    for (const socket of [edge, controlPlane]) {
      socket.setNoDelay(true)
      socket.on('error', () => end(line))
      socket.on('close', () => end(line))
    }
    edge.on('data', (bytes: Buffer) => {
      if (fault === 'mute') return
      if (fault !== 'torn') return void handOn(edge, controlPlane, bytes)
      controlPlane.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => end(line))
    })
    controlPlane.on('data', (bytes: Buffer) => {
      if (fault !== 'deaf') handOn(controlPlane, edge, bytes)
    })
  })
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const endAll = (): void => {
    for (const line of [...lines]) end(line)
  }
  return {
    url: `http://${address}:${port}`,
    async cut(how, awayMs) {
      fault = how
      if (how === 'cut') endAll()
      await new Promise((resolve) => setTimeout(resolve, awayMs))
      fault = null
      endAll()
    },
    async close() {
      server.close()
      endAll()
    },
  }
}

function handOn(from: Socket, to: Socket, bytes: Buffer): void {
  if (to.write(bytes)) return
  from.pause()
  to.once('drain', () => from.resume())
}
