import { ipv4ToNumber } from '@dragonfly/schema/state'
import type {
  Command,
  CommandDetail,
  CommandResult,
  EdgeFrame,
  MachineCommand,
  Sample,
  ScanRow,
  Sensor,
  SiteBmc,
  SiteEvent,
  SiteState,
} from '@dragonfly/schema/wire'
import type { MachineSpec } from './machine-inventory.ts'

/** Kinds of commands that make-believe BMCs understand. */
export const simulatedCommands: Command['kind'][] = [
  'bmc.probe',
  'bmc.read',
  'bmc.identify',
  'bmc.control',
  'bmc.power-limit',
  'bmc.scan',
]

/** Make-believe BMCs with believable draw and temperatures; time is what they are told. */
export interface SimulatedBmcs {
  handleState(state: SiteState): void
  tick(now: number): SiteEvent[]
  /** What they measured: once a minute, and at first what came before. */
  frames(now: number): EdgeFrame[]
  answer(commandId: string, command: Command): SiteEvent[]
  /** Stops a scan. */
  cancel(commandId: string): SiteEvent[]
}

interface SimulatedBmc {
  machineId: string
  spec: MachineSpec
  /** 0 to 1, its own for good: shifts its rhythm, and decides about its troubles. */
  nature: number
  isOn: boolean
  isTold: boolean
  /** The last minute that it was measured in. */
  toldMinute: number | null
  isLost: boolean
  limitWatts: number | null
}

const minuteMs = 60_000
const dayMs = 86_400_000
/** The control plane takes what is at most half an hour old. */
const backfillMinutes = 28
const sensorsEveryMinutes = 5
const lostAfterMs = 3 * minuteMs

/** Which of the make-believe machines is meant: by its id, or by the address of its BMC. */
export interface MachineSpecs {
  find: (machineId: string) => MachineSpec | null
  all: readonly MachineSpec[]
}

export function createSimulatedBmcs({ find, all }: MachineSpecs): SimulatedBmcs {
  const bmcs = new Map<string, SimulatedBmc>()
  const byAddress = new Map(
    all.flatMap((spec) => (spec.inventory.bmc?.address ? [[spec.inventory.bmc.address, spec] as const] : [])),
  )
  const scans = new Map<string, SimulatedScan>()
  let startedAt: number | null = null

  const arrive = (bmc: SimulatedBmc, now: number): SiteEvent[] => {
    bmc.isTold = true
    const { machineId } = bmc
    return [
      identified(bmc),
      { type: 'bmc.power', machineId, powerState: bmc.isOn ? 'on' : 'off', problem: null },
      { type: 'bmc.log', machineId, entries: logEntries(bmc, now) },
    ]
  }
  /** A command may come before the state that names its machine, and a machine may be known by its BMC alone. */
  const meet = (machineId: string, bmc: SiteBmc | null | undefined): SimulatedBmc | null => {
    const spec = bmc && (find(machineId) ?? byAddress.get(bmc.address))
    if (!spec) return null
    const nature = natureOf(spec.mac)
    const met = {
      machineId,
      spec,
      nature,
      isOn: nature > 0.06,
      isTold: false,
      toldMinute: null,
      isLost: false,
      limitWatts: null,
    }
    bmcs.set(machineId, met)
    return met
  }
  const lose = (bmc: SimulatedBmc): SiteEvent => {
    bmc.isLost = true
    const problem = 'No answer to Get Chassis Status.'
    return { type: 'bmc.power', machineId: bmc.machineId, powerState: 'unknown', problem }
  }
  return {
    handleState: ({ machines }) => {
      const listed = new Set(machines.map(({ machineId }) => machineId))
      for (const machineId of bmcs.keys()) if (!listed.has(machineId)) bmcs.delete(machineId)
      for (const { machineId, bmc } of machines) {
        if (!bmcs.has(machineId)) meet(machineId, bmc)
      }
    },
    tick: (now) => {
      startedAt ??= now
      const isLater = now - startedAt > lostAfterMs
      const told = [...bmcs.values()].flatMap((bmc) => {
        if (!bmc.isTold) return arrive(bmc, now)
        return isLater && !bmc.isLost && bmc.nature > 0.96 ? [lose(bmc)] : []
      })
      return [...told, ...[...scans.values()].flatMap((scan) => goOn(scans, scan, byAddress))]
    },
    frames: (now) => {
      const current = Math.floor(now / minuteMs) - 1
      const due = [...bmcs.values()].filter(({ isLost, toldMinute }) => !isLost && toldMinute !== current)
      const frames: EdgeFrame[] = []
      for (let minute = current - backfillMinutes; minute <= current; minute++) {
        const at = minute * minuteMs
        const samples = due
          .filter(({ toldMinute }) => (toldMinute ?? 0) < minute)
          .map((bmc) => measure(bmc, at))
        if (samples.length > 0) frames.push({ type: 'samples', at, samples })
      }
      for (const bmc of due) {
        const isFirst = bmc.toldMinute === null
        bmc.toldMinute = current
        const place = Math.floor(bmc.nature * sensorsEveryMinutes)
        if (isFirst || (current + place) % sensorsEveryMinutes === 0)
          frames.push({ type: 'sensors', machineId: bmc.machineId, at: now, sensors: readSensors(bmc, now) })
      }
      return frames
    },
    answer: (commandId, command) => {
      if (command.kind === 'bmc.scan') {
        const [next, last] = [ipv4ToNumber(command.first), ipv4ToNumber(command.last)]
        scans.set(commandId, { scanId: commandId, first: next, next, last })
        return []
      }
      const bmc = bmcs.get(command.machineId) ?? meet(command.machineId, command.bmc)
      const end = (result: Omit<CommandResult, 'commandId'>): SiteEvent => ({
        type: 'command.result',
        commandId,
        ...result,
      })
      if (!bmc) {
        const message = `Nothing answers at ${command.bmc?.address ?? 'no address'}: no simulated machine’s BMC has that address.`
        return [end({ outcome: 'failed', reason: 'timeout', message })]
      }
      if (bmc.isLost)
        return [end({ outcome: 'failed', reason: 'timeout', message: 'No answer to Open Session.' })]
      return carryOut(bmc, command, end)
    },
    cancel: (scanId) => {
      if (!scans.delete(scanId)) return []
      const message = 'It was stopped.'
      return [{ type: 'command.result', commandId: scanId, outcome: 'failed', reason: 'cancelled', message }]
    },
  }
}

function carryOut(
  bmc: SimulatedBmc,
  command: MachineCommand,
  end: (result: Omit<CommandResult, 'commandId'>) => SiteEvent,
): SiteEvent[] {
  const done = (detail: CommandDetail, message?: string) =>
    end({ outcome: 'done', detail, ...(message ? { message } : {}) })
  const { machineId } = bmc
  const power = (): SiteEvent => ({
    type: 'bmc.power',
    machineId,
    powerState: bmc.isOn ? 'on' : 'off',
    problem: null,
  })
  const powerDetail = (): CommandDetail => ({
    kind: 'power',
    powerState: bmc.isOn ? 'on' : 'off',
    driver: 'ipmi',
  })
  if (command.kind === 'bmc.probe') {
    const event = identified(bmc)
    const { identity, capabilities } = event
    return [event, power(), done({ kind: 'probe', identity, capabilities })]
  }
  if (command.kind === 'bmc.identify') return [done({ kind: 'identify', driver: 'ipmi' })]
  if (command.kind === 'bmc.power-limit') {
    if (command.change) bmc.limitWatts = command.change.what.watts
    const { limitWatts: watts } = bmc
    const message = watts === null ? 'The machine may draw what it needs.' : `It is kept below ${watts} W.`
    return [done({ kind: 'power-limit', watts, driver: 'ipmi' }, message)]
  }
  if (command.kind === 'bmc.read' && command.what === 'sensors')
    return [done({ kind: 'sensors', sensors: readSensors(bmc, Date.now()) })]
  if (command.kind === 'bmc.read') return [power(), done(powerDetail())]
  if (command.kind === 'bmc.control' && command.what.action === 'power') {
    bmc.isOn = !['off', 'shutdown'].includes(command.what.operation)
    return [power(), done(powerDetail(), bmc.isOn ? 'It is on.' : 'It is off.')]
  }
  if (command.kind === 'bmc.control' && command.what.action === 'clear-event-log')
    return [
      { type: 'bmc.log', machineId, wasCleared: true, entries: [] },
      done({ kind: 'event-log-cleared', driver: 'ipmi' }, 'The event log is empty.'),
    ]
  return [end({ outcome: 'failed', reason: 'not-supported', message: 'A simulated BMC can’t do that.' })]
}

interface SimulatedScan {
  scanId: string
  first: number
  next: number
  last: number
}

/** Of one tick: four of them make a second. */
const scannedPerTick = 20

function goOn(
  scans: Map<string, SimulatedScan>,
  scan: SimulatedScan,
  byAddress: ReadonlyMap<string, MachineSpec>,
): SiteEvent[] {
  const { scanId, first, last } = scan
  const from = scan.next
  scan.next = Math.min(last + 1, from + scannedPerTick)
  const rows = [...byAddress].flatMap(([address, spec]) => {
    const number = ipv4ToNumber(address)
    return number >= from && number < scan.next ? [scanRow(address, spec)] : []
  })
  const found: SiteEvent = { type: 'bmc.scan', scanId, addressesDone: scan.next - first, rows }
  if (scan.next <= last) return [found]
  scans.delete(scanId)
  const message = `${last - first + 1} addresses were looked at.`
  return [found, { type: 'command.result', commandId: scanId, outcome: 'done', message }]
}

function scanRow(address: string, { mac, inventory }: MachineSpec): ScanRow {
  const { manufacturer, product, uuid } = inventory.smbios
  const hasRedfish = natureOf(mac) > 0.3
  return {
    address,
    ipmi: { hasIpmi20: true, cipherSuites: [3, 17], vendor: manufacturer },
    redfish: hasRedfish
      ? { version: '1.11.0', vendor: manufacturer, product, uuid, tlsPin: 'd4'.repeat(32) }
      : null,
  }
}

function identified({ machineId, spec }: SimulatedBmc): Extract<SiteEvent, { type: 'bmc.identified' }> {
  const { smbios, bmc } = spec.inventory
  const driver = { driver: 'ipmi' } as const
  return {
    type: 'bmc.identified',
    machineId,
    identity: {
      vendor: smbios.manufacturer,
      model: smbios.product,
      firmware: bmc?.firmware ?? null,
      serial: smbios.serial,
      guid: smbios.uuid,
    },
    capabilities: {
      power: driver,
      bootDevice: driver,
      sensors: driver,
      powerDraw: driver,
      identify: driver,
      eventLog: driver,
    },
  }
}

/** How busy it is: a slow daily wave, quicker ones on top. */
function loadOf({ nature }: SimulatedBmc, at: number): number {
  const wave = (periodMs: number) => Math.sin((at / periodMs + nature) * 2 * Math.PI)
  const load =
    0.35 + 0.4 * nature + 0.18 * wave(dayMs) + 0.1 * wave(47 * minuteMs) + 0.06 * wave(7.3 * minuteMs)
  return Math.min(1, Math.max(0.02, load))
}

function wattsOf(bmc: SimulatedBmc, at: number): number {
  const { cpu, disks, gpus } = bmc.spec.inventory
  if (!bmc.isOn) return 9 + 6 * bmc.nature
  const idle = 70 + cpu.sockets * 22 + disks.length * 5 + gpus.length * 45
  const busy = cpu.threads * 2.1 + gpus.length * 210
  return Math.min(idle + busy * loadOf(bmc, at), bmc.limitWatts ?? Number.POSITIVE_INFINITY)
}

function temperaturesOf(bmc: SimulatedBmc, at: number): { inlet: number; hottest: number } {
  const room = 21.5 + 1.6 * Math.sin((at / dayMs - 0.3) * 2 * Math.PI)
  const inlet = room + 3 * bmc.nature
  return { inlet, hottest: bmc.isOn ? inlet + 17 + 34 * loadOf(bmc, at - 2 * minuteMs) : inlet + 2 }
}

function measure(bmc: SimulatedBmc, at: number): Sample {
  const { inlet, hottest } = temperaturesOf(bmc, at)
  return {
    machineId: bmc.machineId,
    powerWatts: Math.round(wattsOf(bmc, at)),
    inletCelsius: Math.round(inlet),
    hottestCelsius: Math.round(hottest),
  }
}

function readSensors(bmc: SimulatedBmc, at: number): Sensor[] {
  const { inlet, hottest } = temperaturesOf(bmc, at)
  const load = bmc.isOn ? loadOf(bmc, at) : 0
  const hasBrokenFan = bmc.nature > 0.8 && bmc.nature < 0.9
  const sensor = (
    name: string,
    kind: string,
    value: number,
    unit: string,
    more: Partial<Sensor> = {},
  ): Sensor => ({
    name,
    kind,
    value: Number(value.toFixed(2)),
    unit,
    states: [],
    health: 'ok',
    ...more,
  })
  const air = { upperWarning: 38, upperCritical: 42 }
  const processor = { upperWarning: 88, upperCritical: 95 }
  const fan = { lowerCritical: 600, lowerWarning: 1000 }
  return [
    sensor('Inlet Temp', 'temperature', inlet, '°C', { thresholds: air, isInlet: true }),
    ...Array.from({ length: bmc.spec.inventory.cpu.sockets }, (_, index) =>
      sensor(`CPU${index + 1} Temp`, 'temperature', hottest - 1.5 * index, '°C', { thresholds: processor }),
    ),
    sensor('Exhaust Temp', 'temperature', inlet + 8 + 8 * load, '°C', { thresholds: { upperCritical: 75 } }),
    ...Array.from({ length: 6 }, (_, index) => {
      const isBroken = hasBrokenFan && index === 3
      const speed = bmc.isOn ? 4200 + 5200 * load + 60 * index : 0
      return sensor(`Fan ${index + 1}`, 'fan', isBroken ? 0 : speed, 'RPM', {
        thresholds: fan,
        health: isBroken ? 'critical' : bmc.isOn ? 'ok' : 'unknown',
      })
    }),
    sensor('System Power', 'power', wattsOf(bmc, at), 'W'),
    sensor('PSU1 Input', 'voltage', 229.5 + bmc.nature, 'V', {
      thresholds: { lowerCritical: 180, upperCritical: 264 },
    }),
    sensor('12V', 'voltage', 12.06, 'V', { thresholds: { lowerCritical: 11.2, upperCritical: 12.8 } }),
    sensor('CMOS Battery', 'voltage', 3.02, 'V', { thresholds: { lowerWarning: 2.6 } }),
    {
      ...sensor('Power Supply 1', 'power supply', 0, ''),
      value: null,
      unit: null,
      states: ['present'],
      health: 'ok',
    },
  ]
}

type LogEntries = Extract<SiteEvent, { type: 'bmc.log' }>['entries']

function logEntries({ nature }: SimulatedBmc, now: number): LogEntries {
  const entry = (
    id: number,
    agoMs: number,
    sensor: string,
    text: string,
    severity: LogEntries[number]['severity'],
  ) => ({
    id: String(id),
    at: now - agoMs,
    sensor,
    text,
    severity,
  })
  return [
    entry(1, 90 * dayMs, 'Event logging', 'log cleared', 'ok'),
    entry(2, 41 * dayMs, 'Power unit', 'AC lost', 'critical'),
    entry(3, 41 * dayMs - 4 * minuteMs, 'Power unit', 'AC lost, no more', 'ok'),
    ...(nature > 0.6 ? [entry(4, 12 * dayMs, 'DIMM B2', 'correctable error', 'warning')] : []),
    entry(5, 3 * dayMs, 'Chassis', 'power button pressed', 'ok'),
    ...(nature > 0.8 && nature < 0.9
      ? [
          entry(
            6,
            5 * 3600_000,
            'Fan 4',
            'below critical, falling (reading 480 RPM, threshold 600 RPM)',
            'critical',
          ),
        ]
      : []),
  ]
}

/** FNV-1a over its MAC address, from 0 to 1. */
function natureOf(mac: string): number {
  let value = 0x811c9dc5
  for (const letter of mac) value = Math.imul(value ^ letter.charCodeAt(0), 0x01000193)
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d)
  return ((value ^ (value >>> 12)) >>> 0) / 2 ** 32
}
