import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { edgeSockets, nameSocket } from './edge-sockets.ts'
import { type Finding, note, ok, problem } from './finding.ts'
import { type FirewallChain, isDropped, parseIptablesSave, parseNftRuleset } from './firewall-rules.ts'

const run = promisify(execFile)
const readers = [
  { command: 'nft', args: ['-j', 'list', 'ruleset'], parse: parseNftRuleset },
  { command: 'iptables-save', args: [], parse: parseIptablesSave },
] as const

/** Rules of this host that keep machines from reaching the edge, as far as they can be read. */
export async function checkFirewall(): Promise<Finding[]> {
  const read = (await Promise.all(readers.map(readWith))).filter((chains) => chains !== null)
  if (read.length === 0)
    return [note('firewall', 'The firewall could not be read: it takes root, and nft or iptables-save.')]
  const dropped = edgeSockets.filter((socket) => read.some((chains) => isDropped(chains, socket)))
  if (dropped.length === 0) return [ok('firewall', 'No firewall rule of this host drops what machines send.')]
  const ports = dropped.map(({ protocol, port }) => `${port}/${protocol}`).join(', ')
  return [
    problem(
      'firewall',
      `This host’s firewall drops what machines send to ${dropped.map(nameSocket).join(', ')}.`,
      `Let ${ports} in on the machines’ interface, for example with "firewall-cmd --add-port=…" or "ufw allow …".`,
    ),
  ]
}

async function readWith({ command, args, parse }: (typeof readers)[number]): Promise<FirewallChain[] | null> {
  try {
    const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`
    const { stdout } = await run(command, [...args], {
      env: { ...process.env, PATH: path },
      timeout: 10_000,
      maxBuffer: 32 * 1024 * 1024,
    })
    return parse(stdout)
  } catch {
    return null
  }
}
