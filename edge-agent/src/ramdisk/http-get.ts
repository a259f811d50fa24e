/**
 * Not by `import`: that reads every export of node:http, and one of them loads undici, which takes longer than all
 * else before hello.
 */
const { Agent, request } = process.getBuiltinModule('node:http')

type HttpAnswer =
  | { kind: 'ok'; lengthBytes: number }
  | { kind: 'status'; status: number }
  | { kind: 'too-large' }
  | { kind: 'unreachable'; detail: string }

/**
 * Fetches a body piece by piece. `take` returns false to stop (the answer is then `too-large`). A connection that
 * breaks, stalls or ends before the announced length is `unreachable`. Never rejects.
 */
export type HttpGet = (
  url: string,
  take: (piece: Uint8Array) => boolean,
  signal: AbortSignal,
) => Promise<HttpAnswer>

/** HttpGet over node:http with kept connections (and not over fetch: see above). */
export function createHttpGet(connections: number, idleMs = 15_000): HttpGet {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, keepAliveMsecs: 5000 })
  return (url, take, signal) =>
    new Promise((resolve) => {
      const fail = (error: Error): void => resolve({ kind: 'unreachable', detail: error.message })
      const outgoing = request(url, { agent, signal, timeout: idleMs }, (response) => {
        const status = response.statusCode ?? 0
        if (status !== 200) {
          response.resume()
          return resolve({ kind: 'status', status })
        }
        let lengthBytes = 0
        response.on('data', (piece: Buffer) => {
          lengthBytes += piece.length
          if (take(piece)) return
          resolve({ kind: 'too-large' })
          outgoing.destroy()
        })
        response.on('error', fail)
        response.on('close', () => {
          if (response.complete) resolve({ kind: 'ok', lengthBytes })
          else fail(new Error('the connection broke off'))
        })
      })
      outgoing.on('timeout', () => outgoing.destroy(new Error(`nothing came for ${idleMs / 1000} s`)))
      outgoing.on('error', fail)
      outgoing.end()
    })
}
