import type { Ipv4 } from '../codec/ipv4.ts'
import { type Mac, parseMac, renderMacWithHyphens } from '../codec/mac.ts'
import { parseUuid, type Uuid } from '../codec/uuid.ts'

/** The HTTP service of one interface of the edge, as machines reach it. */
export interface BootHttpOrigin {
  address: Ipv4
  port: number
}

/** Who is asking, as far as a URL says it. */
export interface BootCaller {
  mac: Mac
  uuid?: Uuid
}

function renderOrigin(origin: BootHttpOrigin): string {
  return `http://${origin.address}:${origin.port}`
}

/**
 * `http://IP:6870/ipxe/<mac with hyphens>?uuid=<uuid>`. The UUID is the one of the DHCP packet, so nothing depends on
 * what iPXE would expand; at most 92 characters, so that it fits the `file` field of DHCP.
 */
export function renderScriptUrl(origin: BootHttpOrigin, caller: BootCaller): string {
  const query = caller.uuid === undefined ? '' : `?uuid=${caller.uuid}`
  return `${renderOrigin(origin)}/ipxe/${renderMacWithHyphens(caller.mac)}${query}`
}

/** `http://IP:6870/boot/<name>`, with `?mac=` where the fetch tells how far that machine has come. */
export function renderBootFileUrl(origin: BootHttpOrigin, name: string, mac?: Mac): string {
  const query = mac === undefined ? '' : `?mac=${renderMacWithHyphens(mac)}`
  return `${renderOrigin(origin)}/boot/${name}${query}`
}

export type BootRequest =
  | { kind: 'script'; caller: BootCaller }
  | { kind: 'boot-file'; name: string; mac?: Mac }
  | { kind: 'health' }
  | { kind: 'not-found' }
  | { kind: 'bad-request'; reason: string }

type BootRoute = (rest: string, parameters: ReadonlyMap<string, string>) => BootRequest

/** Everything that is answered, by what a path begins with; whatever is not in here is not found. */
export const bootRoutes: Readonly<Record<string, BootRoute>> = {
  '/healthz': (rest) => (rest === '' ? { kind: 'health' } : { kind: 'not-found' }),
  '/boot/': (name, parameters) => {
    const mac = parseMac(parameters.get('mac') ?? '')
    return { kind: 'boot-file', name, ...(mac === undefined ? {} : { mac }) }
  },
  '/ipxe/': (rest, parameters) => {
    const mac = parseMac(rest)
    if (mac === undefined) return { kind: 'bad-request', reason: 'Ask for /ipxe/ and a MAC address.' }
    const uuid = parseUuid(parameters.get('uuid') ?? '')
    return { kind: 'script', caller: { mac, ...(uuid === undefined ? {} : { uuid }) } }
  },
}

/** Reads the target of an HTTP request line. `name` is not checked against anything: look it up, do not open it. */
export function parseBootRequest(target: string): BootRequest {
  if (target.length > 1024) return { kind: 'bad-request', reason: 'The address is too long.' }
  const [path = '', query = ''] = target.split('?', 2)
  for (const [prefix, read] of Object.entries(bootRoutes)) {
    if (path.startsWith(prefix)) return read(path.slice(prefix.length), parseQuery(query))
  }
  return { kind: 'not-found' }
}

/** Enough for MACs and UUIDs, which need no escapes. */
function parseQuery(query: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query.split('&')) {
    const [name = '', value = ''] = pair.split('=', 2)
    parameters.set(name, value.replace(/%3a/gi, ':'))
  }
  return parameters
}
