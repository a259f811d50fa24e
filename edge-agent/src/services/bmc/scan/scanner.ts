import { ipv4FromNumber, ipv4ToNumber, maxScanAddresses } from '@dragonfly/schema/state'
import { type Command, maxScanRowsPerEvent, type ScanRow, type SiteEvent } from '@dragonfly/schema/wire'
import type { CommandOutcome } from '../../commands/command-desk.ts'
import { createIpmiClient } from '../../ipmi/index.ts'
import { probeAddress, type ScanPorts } from './probe-address.ts'

/** Looks for BMCs in ranges of addresses, one range at a time. */
export interface Scanner {
  run(
    scanId: string,
    range: Pick<Extract<Command, { kind: 'bmc.scan' }>, 'first' | 'last'>,
  ): Promise<CommandOutcome>
  /** Also of one that is about to begin. */
  cancel(scanId: string): void
  stop(): void
}

export interface ScannerOptions {
  /** Into the journal: rejects when it can't be written. */
  append: (event: SiteEvent) => Promise<void>
  sleep: (ms: number) => Promise<void>
  /** Other ports and another pace than the usual ones, for tests. */
  ports?: ScanPorts
  startsPerSecond?: number
}

const usualPorts: ScanPorts = { ipmi: 623, redfish: 443 }
/** An address that is nobody's costs three datagrams and two SYNs: 250 packets a second, which no switch minds. */
const usualStartsPerSecond = 50
/** As many wait for answers at a time as begin in the time that silence takes. */
const mostAtOnce = 160
const tellEveryMs = 700
/** More than anybody cancels while they are on their way. */
const mostRemembered = 100

export function createScanner(options: ScannerOptions): Scanner {
  const cancelled = new Set<string>()
  let running: string | null = null
  let isStopped = false
  return {
    run: async (scanId, { first, last }) => {
      if (running !== null)
        return failed('busy', 'This edge looks at another range: wait for it, or stop it.')
      const [from, to] = [ipv4ToNumber(first), ipv4ToNumber(last)]
      if (from > to || to - from >= maxScanAddresses)
        return failed('malformed', 'That is no range that may be scanned.')
      running = scanId
      try {
        const isOver = () => isStopped || cancelled.has(scanId)
        return await scan(options, { scanId, from, to }, isOver)
      } finally {
        running = null
        cancelled.delete(scanId)
      }
    },
    cancel: (scanId) => {
      cancelled.add(scanId)
      for (const oldest of cancelled) if (cancelled.size > mostRemembered) cancelled.delete(oldest)
    },
    stop: () => {
      isStopped = true
    },
  }
}

async function scan(
  { append, sleep, ports = usualPorts, startsPerSecond = usualStartsPerSecond }: ScannerOptions,
  { scanId, from, to }: { scanId: string; from: number; to: number },
  isOver: () => boolean,
): Promise<CommandOutcome> {
  const client = await createIpmiClient()
  const progress = createProgress(append, scanId)
  const underWay = new Set<Promise<void>>()
  const look = async (address: string): Promise<void> =>
    progress.add(await probeAddress(client, address, ports))
  try {
    for (let number = from; number <= to && !isOver(); number++) {
      if (underWay.size >= mostAtOnce) await Promise.race(underWay)
      const looking: Promise<void> = look(ipv4FromNumber(number)).finally(() => underWay.delete(looking))
      underWay.add(looking)
      await sleep(1000 / startsPerSecond)
    }
    await Promise.all(underWay)
  } finally {
    await Promise.allSettled(underWay)
    await progress.end()
    await client.close()
  }
  const { done, found } = progress.counts()
  const counts = `${done} of ${to - from + 1} addresses were looked at, and ${found} answered.`
  if (isOver()) return failed('cancelled', `It was stopped: ${counts}`)
  const message = found === 0 ? `${counts} ${nothingFound}` : counts
  return { kind: 'ended', result: { outcome: 'done', message } }
}

const nothingFound =
  'Does the edge have a way into the BMCs’ network, and is IPMI over LAN or Redfish switched on in them?'

/** Tells every now and then what was found; the last word comes before the result. */
function createProgress(append: ScannerOptions['append'], scanId: string) {
  let rows: ScanRow[] = []
  let done = 0
  let found = 0
  let told = 0
  let telling = Promise.resolve()
  const flush = async (): Promise<void> => {
    while (rows.length > 0 || told !== done) {
      const batch = rows.splice(0, maxScanRowsPerEvent)
      told = done
      await append({ type: 'bmc.scan', scanId, addressesDone: done, rows: batch })
    }
  }
  const tell = (): Promise<void> => {
    telling = telling.then(flush)
    return telling
  }
  // A journal that can't be written fails the last word, and with it the scan.
  const timer = setInterval(() => void tell().catch(() => undefined), tellEveryMs)
  return {
    add: (row: ScanRow | null) => {
      done += 1
      if (row === null) return
      found += 1
      rows = [...rows, row]
    },
    counts: () => ({ done, found }),
    end: () => {
      clearInterval(timer)
      return tell()
    },
  }
}

function failed(reason: string, message: string): CommandOutcome {
  return { kind: 'ended', result: { outcome: 'failed', reason, message } }
}
