import type { Nic } from '@dragonfly/schema/wire'
import { cleanText } from './text.ts'

export type LldpNeighbour = NonNullable<Nic['lldp']>

type Json = Record<string, unknown>

/**
 * Reads `lldpcli -f json0 show neighbors details`: everything is an array there, whatever its number. The
 * first LLDP neighbour of an interface counts.
 */
export function parseLldp(text: string): Map<string, LldpNeighbour> {
  const neighbours = new Map<string, LldpNeighbour>()
  let root: unknown
  try {
    root = JSON.parse(text)
  } catch {
    return neighbours
  }
  for (const node of list(root, 'lldp').flatMap((lldp) => list(lldp, 'interface'))) {
    const name = node.name
    const neighbour = readNeighbour(node)
    if (typeof name === 'string' && neighbour && !neighbours.has(name)) neighbours.set(name, neighbour)
  }
  return neighbours
}

function readNeighbour(node: Json): LldpNeighbour | null {
  const [chassis] = list(node, 'chassis')
  const [port] = list(node, 'port')
  const chassisName = value(chassis, 'name') ?? value(chassis, 'id')
  const portName = value(port, 'id')
  if (!chassisName || !portName) return null
  const vlans = list(node, 'vlan')
  const untagged = vlans.find((vlan) => vlan.pvid === true || vlan.pvid === 'yes') ?? vlans[0]
  const vlan = Number(untagged?.['vlan-id'])
  return {
    chassis: chassisName,
    port: portName,
    portDescription: value(port, 'descr'),
    vlan: Number.isInteger(vlan) && vlan > 0 ? vlan : null,
  }
}

function list(parent: unknown, key: string): Json[] {
  const children = isJson(parent) ? parent[key] : undefined
  return Array.isArray(children) ? children.filter(isJson) : isJson(children) ? [children] : []
}

function value(parent: unknown, key: string): string | null {
  const text = list(parent, key)[0]?.value
  return typeof text === 'string' ? cleanText(text) : null
}

function isJson(candidate: unknown): candidate is Json {
  return typeof candidate === 'object' && candidate !== null && !Array.isArray(candidate)
}
