import type { Inventory } from '@dragonfly/schema/wire'
import { cleanText } from './text.ts'

export interface CpuInfo {
  cpu: Omit<Inventory['cpu'], 'architecture'>
  /** CPUID 1 ECX bit 31: a hypervisor is there. */
  hypervisor: boolean
}

/** Reads /proc/cpuinfo: one block per hardware thread. */
export function parseCpuinfo(text: string): CpuInfo {
  const blocks = text.split(/\n\s*\n/).filter((block) => /^processor\s*:/m.test(block))
  const sockets = new Set<string>()
  const cores = new Set<string>()
  for (const [index, block] of blocks.entries()) {
    const socket = field(block, 'physical id') ?? '0'
    sockets.add(socket)
    cores.add(`${socket}/${field(block, 'core id') ?? index}`)
  }
  const first = blocks[0] ?? ''
  return {
    cpu: {
      model: cleanText(field(first, 'model name')),
      sockets: Math.max(1, sockets.size),
      cores: Math.max(1, cores.size),
      threads: Math.max(1, blocks.length),
    },
    hypervisor: /^flags\s*:.*\bhypervisor\b/m.test(first),
  }
}

function field(block: string, name: string): string | null {
  return new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm').exec(block)?.[1] ?? null
}
