import { lookup } from 'node:dns/promises'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describeError } from '../control-plane.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

const patienceMs = 10_000
const clockWarningMs = 5_000
const clockProblemMs = 60_000

/** The way to the control plane, step by step: the first that fails is told, with what to do. */
export async function checkControlPlane(options: {
  url: string
  /** An edge's own token; null before join. */
  authorization: (() => Promise<string>) | null
  env: Record<string, string | undefined>
  now: () => number
}): Promise<Finding[]> {
  const { protocol, hostname, port } = new URL(options.url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const findings = checkProxy(options.env)
  const address = await lookup(host).catch((error: Error) => error)
  if (address instanceof Error)
    return [
      ...findings,
      problem(
        'control-plane',
        `The name ${host} can’t be resolved (${describeError(address)}).`,
        'Check the address for typing errors, and this host’s DNS servers.',
      ),
    ]
  const tcpPort = Number(port) || (protocol === 'https:' ? 443 : 80)
  const refusal = await tryConnect(protocol, host, address.address, tcpPort)
  if (refusal) return [...findings, refusal]
  return [...findings, ...(await ask(options))]
}

/** The edge's connections are direct ones. */
function checkProxy(env: Record<string, string | undefined>): Finding[] {
  const name = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY'].find((it) => env[it])
  if (!name) return []
  return [
    warning(
      'proxy',
      `${name} is set, but the edge does not use a proxy.`,
      'Let this host reach the control plane directly (outbound TCP, one address).',
    ),
  ]
}

async function tryConnect(
  protocol: string,
  host: string,
  address: string,
  port: number,
): Promise<Finding | null> {
  const error = await attempt((done) => connectTcp({ host: address, port }, done))
  const where = `${host} (${address}), TCP port ${port},`
  if (error)
    return problem(
      'control-plane',
      `${where} can’t be reached (${describeError(error)}).`,
      'Check that the control plane runs, and that routers and firewalls let this host out to it.',
    )
  if (protocol !== 'https:') return null
  const tlsError = await attempt((done) => connectTls({ host: address, port, servername: host }, done))
  if (!tlsError) return null
  const code = 'code' in tlsError ? String(tlsError.code) : ''
  return problem(
    'control-plane',
    `The certificate of ${where} is not accepted (${code || tlsError.message}).`,
    remedyForCertificate(code),
  )
}

function remedyForCertificate(code: string): string {
  if (/EXPIRED|NOT_YET_VALID/.test(code))
    return 'Set this host’s clock right, or renew the control plane’s certificate.'
  if (/ALTNAME/.test(code)) return 'Use the name that the certificate was made for.'
  return 'If your certificate authority is your own, or a proxy opens TLS, name its certificate in NODE_EXTRA_CA_CERTS.'
}

function attempt(
  open: (done: () => void) => {
    once: (event: 'error', take: (error: Error) => void) => void
    destroy: () => void
  },
): Promise<Error | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(new Error('no answer in time')), patienceMs)
    const socket = open(() => finish(null))
    function finish(error: Error | null): void {
      clearTimeout(timer)
      socket.destroy()
      resolve(error)
    }
    socket.once('error', finish)
  })
}

async function ask(options: {
  url: string
  authorization: (() => Promise<string>) | null
  now: () => number
}): Promise<Finding[]> {
  const headers: Record<string, string> = options.authorization
    ? { authorization: await options.authorization() }
    : {}
  const path = options.authorization ? '/api/edge/v1/state' : '/healthz'
  try {
    const sentAt = options.now()
    const response = await fetch(`${options.url}${path}`, {
      headers,
      signal: AbortSignal.timeout(patienceMs),
      redirect: 'manual',
    })
    await response.body?.cancel()
    return [judgeAnswer(response.status, options), ...checkClock(response, sentAt, options.now())]
  } catch (error) {
    return [
      problem(
        'control-plane',
        `${options.url} does not answer HTTP (${describeError(error)}).`,
        'Check that this is the control plane’s address, and that nothing between inspects the traffic.',
      ),
    ]
  }
}

function judgeAnswer(
  status: number,
  { url, authorization }: { url: string; authorization: unknown },
): Finding {
  if (status === 200)
    return ok('control-plane', authorization ? `${url} knows this edge.` : `${url} answers.`)
  if (authorization && (status === 401 || status === 403))
    return problem(
      'control-plane',
      `${url} refuses this edge (HTTP ${status}).`,
      'Look in the portal whether it was revoked; set the clock right, or join again with a new token.',
    )
  return problem(
    'control-plane',
    `${url} answers with HTTP status ${status}.`,
    'Check that this is the control plane’s address, and not that of a proxy or another site.',
  )
}

/** Tokens and orders live for minutes: the clocks have to agree. Half the way is the best guess of when it was answered. */
function checkClock(response: Response, sentAt: number, receivedAt: number): Finding[] {
  const theirs = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(theirs)) return []
  // The header has whole seconds, cut off.
  const apartMs = (sentAt + receivedAt) / 2 - (theirs + 500)
  const seconds = Math.round(Math.abs(apartMs) / 1000)
  const text = `This host’s clock is ${seconds} s ${apartMs < 0 ? 'behind' : 'ahead of'} the control plane’s.`
  const remedy = 'Let it follow a time server: "timedatectl set-ntp true".'
  if (Math.abs(apartMs) > clockProblemMs) return [problem('clock', text, remedy)]
  if (Math.abs(apartMs) > clockWarningMs) return [warning('clock', text, remedy)]
  return [ok('clock', 'This host’s clock agrees with the control plane’s.')]
}
