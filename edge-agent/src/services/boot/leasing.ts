import { setTimeout as delay } from 'node:timers/promises'
import type { DhcpLease } from '@dragonfly/schema/wire'
import { type DhcpPacket, encodeDhcpPacket } from '../../codec/dhcp/packet.ts'
import type { UdpSocket } from '../../ports/udp.ts'
import type { DhcpReceived } from '../../protocol/boot-answer.ts'
import type { LeasingInterface } from '../../protocol/boot-view.ts'
import { decideFullDhcp, type FullDhcpDecision } from '../../protocol/full-dhcp.ts'
import type { Lease, LeaseTable } from '../../protocol/leases.ts'
import type { Concerns } from './concerns.ts'
import type { BootContext } from './context.ts'
import type { LeaseStore } from './lease-store.ts'

export interface LeasingOptions {
  table: LeaseTable
  store: LeaseStore
  concerns: Concerns
  /** The MAC that answers for an address on that device, if any does; undefined where nothing does. */
  lookUpMac: (address: string, device: string) => Promise<string | undefined>
  onLeases: (leases: DhcpLease[]) => void
}

interface LeasingQuestion {
  packet: DhcpPacket
  received: DhcpReceived
  entry: LeasingInterface
  socket: UdpSocket
}

/** Gives out addresses: decides, looks whether an address is in use, keeps the lease, and answers. */
export interface Leasing {
  answer: (question: LeasingQuestion, onDecided: (decision: FullDhcpDecision) => void) => Promise<void>
  /** Tells all leases that run. */
  tellAll: () => void
  /** Tells what changed since the last time. */
  tellChanged: () => void
}

/** Nobody listens there; what matters is the ARP request that goes before it. */
const discardPort = 9
const probeMs = 300
const probeLooks = 3
const mostProbes = 256
/** An ARP entry may be stale: the datagram makes the kernel find out, which takes it some seconds. */
const answeringMs = 60_000
const mostTries = 4
const leasesPerMessage = 200
const quarterHourMs = 900_000

export function createLeasing(context: BootContext, options: LeasingOptions): Leasing {
  const { table, store, concerns } = options
  const probing = new Set<string>()
  const changed = new Map<string, Lease>()

  async function isInUse({ entry, socket }: LeasingQuestion, lease: Lease): Promise<boolean> {
    socket.send([new Uint8Array()], { address: lease.address, port: discardPort })
    for (let look = 0; look < probeLooks; look++) {
      await delay(probeMs / probeLooks)
      const mac = await options.lookUpMac(lease.address, entry.name)
      if (mac !== undefined) return mac !== lease.mac
    }
    return false
  }

  /** True where the address can be offered. */
  async function probe(question: LeasingQuestion, lease: Lease): Promise<boolean> {
    probing.add(lease.mac)
    table.put(lease)
    const used = await isInUse(question, lease).finally(() => probing.delete(lease.mac))
    if (!used) return true
    table.put({ ...lease, state: 'conflict', untilMs: context.now() + answeringMs })
    tellConflict(lease)
    return false
  }

  function tellConflict({ interface: name, address }: Lease): void {
    concerns.raise(
      {
        problem: 'address-conflict',
        about: `dhcp:${address}`,
        message: `Something already uses ${address} on ${name}, an address of the range that this edge gives out. Find it ("arping -I ${name} ${address}"), give it another address, or leave this one out of the range.`,
      },
      quarterHourMs,
    )
  }

  async function keep(lease: Lease): Promise<void> {
    table.put(lease)
    changed.set(lease.address, lease)
    try {
      await store.keep(lease)
    } catch (error) {
      // A full disk must not keep machines off the network.
      concerns.raise(
        {
          problem: 'leases-not-kept',
          about: 'dhcp:leases',
          message: `The addresses that this edge gave out could not be written to its disk (${String(error)}). They hold until it is restarted. Free some space or repair the folder.`,
        },
        quarterHourMs,
      )
    }
  }

  function tellConcern(decision: FullDhcpDecision, entry: LeasingInterface): void {
    if (decision.kind !== 'ignore') return
    const { name } = entry
    if (decision.reason === 'pool-exhausted') {
      concerns.raise(
        {
          problem: 'addresses-exhausted',
          about: `dhcp:${name}:range`,
          message: `Machines on ${name} get no address: all of the range are in use. Make the range larger, or the lease time shorter.`,
        },
        quarterHourMs,
      )
    }
    if (decision.otherServer === undefined) return
    concerns.raise(
      {
        problem: 'second-dhcp-server',
        about: `dhcp:${name}:server`,
        message: `A client on ${name} took its address from another DHCP server, ${decision.otherServer}, while this edge gives out addresses there too. Stop one of the two: switch ${name} to proxyDHCP, or the other server off.`,
      },
      quarterHourMs,
    )
  }

  async function answer(
    question: LeasingQuestion,
    onDecided: (decision: FullDhcpDecision) => void,
  ): Promise<void> {
    const { packet, received, entry, socket } = question
    for (let tries = 0; tries < mostTries; tries++) {
      const server = { entry, index: context.index(), leases: table, ports: context.ports }
      const decision = decideFullDhcp(packet, received, server, context.now())
      if (decision.kind === 'probe') {
        const isBusy = probing.has(decision.lease.mac) || probing.size >= mostProbes
        if (isBusy) return context.counters.increment('dhcp_probes', { outcome: 'waiting' })
        const free = await probe(question, decision.lease)
        context.counters.increment('dhcp_probes', { outcome: free ? 'free' : 'in-use' })
        continue
      }
      // While its address is being looked at, a client that asks again waits for that.
      if (decision.kind === 'reply' && decision.type === 'offer' && probing.has(decision.lease?.mac ?? ''))
        return
      onDecided(decision)
      tellConcern(decision, entry)
      if (decision.kind === 'taken') {
        if (decision.what === 'declined') tellConflict(decision.lease)
        await keep(decision.lease)
      } else if (decision.kind === 'ignore') {
        if (decision.lease) table.put(decision.lease)
      } else {
        if (decision.type === 'ack' && decision.lease) await keep(decision.lease)
        else if (decision.lease) table.put(decision.lease)
        socket.send([encodeDhcpPacket(decision.packet)], decision.to)
      }
      return
    }
  }

  function tell(leases: readonly Lease[]): void {
    for (let at = 0; at < leases.length; at += leasesPerMessage)
      options.onLeases(leases.slice(at, at + leasesPerMessage).map((lease) => report(lease, context.now())))
  }

  return {
    answer,
    tellAll: () =>
      tell([...table.all()].filter(({ state, untilMs }) => state === 'bound' && untilMs > context.now())),
    tellChanged: () => {
      const leases = [...changed.values()]
      changed.clear()
      tell(leases)
    },
  }
}

/** What a declined address was is over. */
function report(lease: Lease, nowMs: number): DhcpLease {
  const { address, mac, hostname, startedAtMs, untilMs, state } = lease
  const until = state === 'bound' ? untilMs : Math.min(untilMs, nowMs)
  return { interface: lease.interface, address, mac, hostname, startedAt: startedAtMs, until }
}
