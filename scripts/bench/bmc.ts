import { fork } from 'node:child_process'
import { once } from 'node:events'
import {
  createIpmiClient,
  getChassisStatus,
  type IpmiClient,
  type IpmiSession,
} from '../../edge-agent/src/services/ipmi/index.ts'
import { type IpmiSim, simUser, startIpmiSim } from '../../edge-agent/test/ipmi-sim.ts'
import { ensureHostPackages, hostPackages } from '../../lab/src/host-packages.ts'
import type { FleetCost } from './fleet-poller.ts'
import { type BenchReport, goalBelow, median, row } from './report.ts'
import { timeCommand } from './timed-command.ts'

const simCount = 64
const rounds = 7
const pollsPerRound = 20
const fleetSize = 1000
const fleetMeasuredMs = 60_000

interface Cost {
  wallMs: number
  cpuMs: number
}

/** IPMI: our client against ipmipower and ipmitool on the same simulators, then a fleet watched by the edge's own poller. */
export async function benchBmc(say: (line: string) => void): Promise<BenchReport> {
  await ensureHostPackages(hostPackages.bmc)
  say(`starting ${simCount} ipmi_sim`)
  const sims: IpmiSim[] = []
  try {
    while (sims.length < simCount) sims.push(await startIpmiSim({ hasMachine: false }))
    const measured = await measureSims(sims, say)
    for (const sim of sims) await sim.stop()
    say(`${fleetSize} simulated BMCs, watched as an edge does: power every 10 s, the rest every minute`)
    return report(measured, await measureFleet())
  } finally {
    await Promise.all(sims.map((sim) => sim.stop()))
  }
}

interface Measured {
  opening: Cost[]
  polling: Cost[]
  ipmipower: Cost[]
  ipmitool: Cost[]
}

/** In each round every subject has its turn, so that what else the machine does hits all alike. */
async function measureSims(sims: readonly IpmiSim[], say: (line: string) => void): Promise<Measured> {
  const ports = sims.map(({ port }) => port)
  const measured: Measured = { opening: [], polling: [], ipmipower: [], ipmitool: [] }
  // One round is not counted: code is compiled, pages are read.
  for (let round = 0; round <= rounds; round++) {
    const ours = await measureOurs(ports)
    const ipmipower = await measureIpmipower(ports)
    const ipmitool = await measureIpmitool(ports)
    if (round === 0) continue
    measured.opening.push(ours.opening)
    measured.polling.push(ours.polling)
    measured.ipmipower.push(ipmipower)
    measured.ipmitool.push(ipmitool)
    const shown = [ours.opening, ipmipower, ipmitool].map(({ wallMs }) => Math.round(wallMs)).join(', ')
    say(`round ${round} of ${rounds}: 64 new sessions in ms: ours, ipmipower, ipmitool: ${shown}`)
  }
  return measured
}

async function measureOurs(ports: readonly number[]): Promise<{ opening: Cost; polling: Cost }> {
  const client = await createIpmiClient()
  try {
    let sessions: IpmiSession[] = []
    const opening = await cost(async () => {
      sessions = await openAll(client, ports)
      await Promise.all(sessions.map(getChassisStatus))
    })
    const polling = await cost(async () => {
      await Promise.all(sessions.map(pollRepeatedly))
    })
    const perPoll = ports.length * pollsPerRound
    return { opening, polling: { wallMs: polling.wallMs / perPoll, cpuMs: polling.cpuMs / perPoll } }
  } finally {
    await client.close()
  }
}

async function pollRepeatedly(session: IpmiSession): Promise<void> {
  for (let poll = 0; poll < pollsPerRound; poll++) await getChassisStatus(session)
}

function openAll(client: IpmiClient, ports: readonly number[]): Promise<IpmiSession[]> {
  const target = { address: '127.0.0.1', ...simUser, cipherSuites: [3] }
  return Promise.all(ports.map((port) => client.open({ ...target, port })))
}

async function cost(work: () => Promise<void>): Promise<Cost> {
  const [started, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { wallMs: performance.now() - started, cpuMs: (user + system) / 1000 }
}

async function measureIpmipower(ports: readonly number[]): Promise<Cost> {
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',')
  const { username, password } = simUser
  const options = `-D LAN_2_0 -I 3 -l ADMIN -W opensesspriv -u ${username} -p ${password}`
  const timed = await timeCommand(`ipmipower ${options} -h ${hosts} --stat`)
  expectAnswers('ipmipower', timed.stdout, / o(n|ff)$/gm, ports.length)
  return timed
}

async function measureIpmitool(ports: readonly number[]): Promise<Cost> {
  const { username, password } = simUser
  const one = `ipmitool -I lanplus -C 3 -H 127.0.0.1 -U ${username} -P ${password} -p {} power status`
  const timed = await timeCommand(`printf '%s\\n' ${ports.join(' ')} | xargs -P 8 -I{} ${one}`)
  expectAnswers('ipmitool', timed.stdout, /Power is o/g, ports.length)
  return timed
}

function expectAnswers(name: string, stdout: string, pattern: RegExp, count: number): void {
  const answers = stdout.match(pattern)?.length ?? 0
  if (answers < count) throw new Error(`${name} had ${answers} answers of ${count}, so it can't be compared.`)
}

/** The simulators have a process of their own, and so has what is measured. */
async function measureFleet(): Promise<FleetCost> {
  const bmcs = fork(new URL('./light-bmcs.ts', import.meta.url), [String(fleetSize)])
  const poller = fork(new URL('./fleet-poller.ts', import.meta.url))
  try {
    const [ports] = (await once(bmcs, 'message')) as [number[]]
    poller.send({ ports, measuredMs: fleetMeasuredMs })
    const [cost] = (await once(poller, 'message')) as [FleetCost]
    return cost
  } finally {
    for (const child of [poller, bmcs]) if (child.connected) child.disconnect()
  }
}

function report(measured: Measured, fleet: FleetCost): BenchReport {
  const wall = (costs: Cost[]): number => median(costs.map(({ wallMs }) => wallMs))
  const cpu = (costs: Cost[]): number => median(costs.map(({ cpuMs }) => cpuMs))
  const { opening, polling, ipmipower, ipmitool } = measured
  const fresh = `${simCount} new sessions and a poll`
  const watched = `${fleetSize} BMCs by the edge’s poller`
  const rows = [
    row(
      { subject: fresh, metric: 'wall', unit: 'ms', value: wall(opening) },
      { name: 'ipmipower', value: wall(ipmipower) },
    ),
    row(
      { subject: fresh, metric: 'cpu', unit: 'ms', value: cpu(opening) },
      { name: 'ipmipower', value: cpu(ipmipower) },
    ),
    row(
      { subject: fresh, metric: 'wall', unit: 'ms', value: wall(opening) },
      { name: 'ipmitool, 8 at a time', value: wall(ipmitool) },
    ),
    row(
      { subject: 'poll on an open session', metric: 'wall per BMC', unit: 'ms', value: wall(polling) },
      { name: 'ipmipower, new session', value: wall(ipmipower) / simCount },
    ),
    row(
      { subject: 'poll on an open session', metric: 'cpu per BMC', unit: 'ms', value: cpu(polling) },
      { name: 'ipmipower, new session', value: cpu(ipmipower) / simCount },
    ),
    row({ subject: watched, metric: 'cpu', unit: '% of a core', value: fleet.coreShare }),
    row({ subject: watched, metric: 'memory', unit: 'MB', value: fleet.rssMb }),
    row({ subject: watched, metric: 'lost', unit: 'BMCs', value: fleet.lost + fleetSize - fleet.told }),
    row({ subject: watched, metric: 'samples told', unit: 'samples', value: fleet.samples }),
    row({ subject: watched, metric: 'all sensors read', unit: 'BMCs', value: fleet.sensors }),
  ]
  const goals = [
    goalBelow('poll on an open session, wall', wall(polling), 0.3, 'ms'),
    goalBelow('poll on an open session, CPU', cpu(polling), 0.3, 'ms'),
    goalBelow(`${fresh}, against ipmipower`, wall(opening), wall(ipmipower), 'ms'),
    goalBelow(`${watched}, CPU`, fleet.coreShare, 5, '% of a core'),
    goalBelow(`${watched}, memory`, fleet.rssMb, 200, 'MB'),
    goalBelow(`${watched}, lost`, fleet.lost + fleetSize - fleet.told, 1, 'BMCs'),
  ]
  return { name: 'bmc', rows, goals }
}
