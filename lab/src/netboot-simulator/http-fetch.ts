import { request } from 'node:http'

export interface HttpFetch {
  /** The machine's own address. */
  address: string
  signal: AbortSignal
  method?: 'GET' | 'HEAD' | 'POST'
  body?: string
  /** False: the bytes are read and dropped. */
  keeps?: boolean
}

const silenceMs = 20_000

/** One request from a machine's own address. @throws Error when the connection fails or breaks off. */
export function fetchByHttp(url: string, options: HttpFetch): Promise<{ status: number; body: Buffer }> {
  const { address, signal, method = 'GET', body, keeps = true } = options
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined
        ? {}
        : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }
    const outgoing = request(
      url,
      { method, signal, headers, agent: false, localAddress: address, timeout: silenceMs },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => keeps && parts.push(part))
        response.on('error', reject)
        response.on('close', () => {
          if (!response.complete) return reject(new Error(`${url} broke off`))
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) })
        })
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error(`nothing came from ${url}`)))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
