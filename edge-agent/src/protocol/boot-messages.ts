import type { DhcpLease } from '@dragonfly/schema/wire'
import { z } from 'zod'
import type { Ipv4 } from '../codec/ipv4.ts'
import type { Mac } from '../codec/mac.ts'
import type { Uuid } from '../codec/uuid.ts'
import type { DhcpIgnoreReason } from './boot-answer.ts'
import type { BootDecision } from './boot-decision.ts'
import { bootViewSchema } from './boot-view.ts'
import type { TftpOutcome } from './tftp-transfer.ts'

/** Supervisor to boot responder, by IPC. */
export const toBootResponderSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('view'), view: bootViewSchema }),
  z.object({ type: z.literal('stop') }),
])
export type ToBootResponder = z.infer<typeof toBootResponderSchema>

/** Something a machine did, as seen by the boot responder. */
export type BootEvent =
  /** A netbooting machine asked, by DISCOVER (67) or directly (4011). */
  | {
      kind: 'dhcp'
      atMs: number
      service: 'dhcp' | 'boot-server'
      mac: Mac
      architectures: number[]
      vendorClass: string
      isIpxe: boolean
      uuid?: Uuid
      interface: string
      answer:
        | { kind: 'answered'; bootFile: string }
        | { kind: 'ignored'; reason: DhcpIgnoreReason; detail?: string }
    }
  /** A boot file left whole, or a TFTP transfer ended. A TFTP client is known by its address alone. */
  | {
      kind: 'boot-file'
      atMs: number
      protocol: 'tftp' | 'http'
      name: string
      address: Ipv4
      mac?: Mac
      outcome: TftpOutcome['kind']
    }
  | {
      kind: 'script'
      atMs: number
      mac: Mac
      uuid?: Uuid
      address: Ipv4
      decision: BootDecision['kind']
      reason: string
      machineId?: string
    }
  | { kind: 'kernel-fetched' | 'initrd-fetched'; atMs: number; mac: Mac; address: Ipv4 }

const bootProblems = [
  'port-in-use',
  'no-privilege',
  'address-missing',
  'socket-failed',
  'view-refused',
  'view-not-kept',
  'lans-not-told-apart',
  'address-conflict',
  'addresses-exhausted',
  'second-dhcp-server',
  'leases-not-kept',
] as const

/** What is wrong now, with what to do about it. `about` names the thing, so that it can be cleared. */
export interface BootProblem {
  problem: (typeof bootProblems)[number]
  about: string
  message: string
}

/** Boot responder to supervisor. */
export type FromBootResponder =
  /** The view was taken, and every listener that can be open is. */
  | { type: 'ready'; generation: string; version: number; listeners: string[] }
  | { type: 'events'; events: BootEvent[] }
  /** Leases that began, were prolonged or ended; all that run, to a new supervisor. */
  | { type: 'leases'; leases: DhcpLease[] }
  /** Counters since the start, by Prometheus-style name, for /metrics. */
  | { type: 'stats'; counters: Record<string, number> }
  | ({ type: 'problem' } & BootProblem)
  | { type: 'problem-cleared'; about: string }
