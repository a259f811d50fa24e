import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

export interface ImageHost {
  url: string
  close(): Promise<void>
}

/** An ordinary web server that publishes one image file, as a distribution's download site would. */
export async function serveImage(path: string, address: string, wantedPort = 0): Promise<ImageHost> {
  const { size } = await stat(path)
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size })
    if (request.method === 'HEAD') response.end()
    else
      pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), response).catch(() =>
        response.destroy(),
      )
  })
  await listen(server, address, wantedPort)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${address}:${port}/image.raw`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => resolve())
  })
}
