import { createServer, request } from 'node:http'

/** A cache in front of an image server that counts: `counting-proxy.ts UPSTREAM PORT`. Each answer is a JSON line on stdout. */
const [upstream = '', port = '0'] = process.argv.slice(2)

createServer((incoming, outgoing) => {
  const path = incoming.url ?? '/'
  request(new URL(path, upstream), { method: incoming.method }, (response) => {
    let bytes = 0
    outgoing.writeHead(response.statusCode ?? 502, response.headers)
    response.on('data', (part: Buffer) => {
      bytes += part.length
    })
    response.pipe(outgoing)
    response.on('close', () => console.log(JSON.stringify({ path, bytes })))
  })
    .on('error', () => outgoing.destroy())
    .end()
}).listen(Number(port))
