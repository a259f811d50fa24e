import { createServer, request } from 'node:http'

/**
 * A cache in front of an image server, on a wire that flips a bit now and then: `corrupting-proxy.ts UPSTREAM PORT
 * TIMES`. It takes the first chunk that anybody asks for, damages the first TIMES answers with it, and passes
 * everything else on as it is. Every answer with that chunk is one JSON line on stdout.
 */
const [upstream = '', port = '0', times = '1'] = process.argv.slice(2)
let victim: string | undefined
let answers = 0

const server = createServer((incoming, outgoing) => {
  const path = incoming.url ?? '/'
  request(new URL(path, upstream), { method: incoming.method }, (response) => {
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    response.on('end', () => {
      const body = Buffer.concat(parts)
      outgoing.writeHead(response.statusCode ?? 502, response.headers)
      outgoing.end(damageIfVictim(path, body))
    })
  })
    .on('error', () => outgoing.destroy())
    .end()
})

function damageIfVictim(path: string, body: Buffer): Buffer {
  if (!path.startsWith('/chunks/')) return body
  victim ??= path
  if (path !== victim) return body
  answers++
  const isDamaged = answers <= Number(times)
  console.log(JSON.stringify({ chunk: path.slice('/chunks/'.length), isDamaged }))
  if (!isDamaged) return body
  const damaged = Buffer.from(body)
  const middle = Math.floor(damaged.length / 2)
  damaged[middle] = (damaged[middle] ?? 0) ^ 1
  return damaged
}

server.listen(Number(port))
