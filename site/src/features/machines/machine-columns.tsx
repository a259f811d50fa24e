import { deploymentStages, formatBytes } from '@dragonfly/schema/state'
import { Link } from '@tanstack/react-router'
import {
  createColumnHelper,
  createSortedRowModel,
  rowSelectionFeature,
  rowSortingFeature,
  tableFeatures,
} from '@tanstack/react-table'
import type { Machine } from '../../api/views.ts'
import { Mono } from '../../components/facts.tsx'
import { Padlock } from '../../components/padlock.tsx'
import { PoleBar } from '../../components/pole.tsx'
import { StatusMark } from '../../components/status-mark.tsx'
import { Ago } from '../../components/time.tsx'
import { formatCelsius, formatWatts } from '../../format/quantities.ts'
import { separateWords } from '../../format/words.ts'
import { bmcTrouble, PowerMark } from '../bmc/power-mark.tsx'
import { percentDone } from '../deployments/rate.ts'
import { currentRate } from '../deployments/rate-store.ts'
import { writingBytes } from '../deployments/timeline.ts'
import { renderLock } from '../machine/lock-text.ts'
import { RamdiskNote, waitsForWork } from '../machine/ramdisk-note.tsx'
import { switchedOffNote } from '../safety/switch-texts.ts'
import { useSitePresence } from '../sites/use-site-presence.ts'
import { compareNames, statusOrder, systemOf } from './machine-list.ts'

export const features = tableFeatures({
  rowSelectionFeature,
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
})

const column = createColumnHelper<typeof features, Machine>()

export const columns = column.columns([
  column.accessor('name', {
    header: 'Name',
    sortFn: (a, b) => compareNames(a.original.name, b.original.name),
    cell: ({ row }) => <NameCell machine={row.original} />,
  }),
  column.accessor('status', {
    header: 'Status',
    sortFn: (a, b) => statusOrder.indexOf(a.original.status) - statusOrder.indexOf(b.original.status),
    cell: ({ row }) => <StatusCell machine={row.original} />,
  }),
  column.accessor('siteName', {
    header: 'Site',
    sortFn: (a, b) => compareNames(a.original.siteName, b.original.siteName),
    cell: ({ row }) => <SiteCell machine={row.original} />,
  }),
  column.accessor((machine) => machine.address ?? '', {
    id: 'address',
    header: 'Address',
    sortFn: (a, b) => compareNames(a.original.address ?? '~', b.original.address ?? '~'),
    cell: ({ row }) => <AddressCell machine={row.original} />,
  }),
  column.accessor((machine) => machine.bmc?.powerWatts ?? -1, {
    id: 'draw',
    header: 'Draw',
    sortFn: (a, b) => (a.original.bmc?.powerWatts ?? -1) - (b.original.bmc?.powerWatts ?? -1),
    cell: ({ row }) => <DrawCell machine={row.original} />,
  }),
  column.accessor((machine) => machine.memoryBytes ?? 0, {
    id: 'hardware',
    header: 'Hardware',
    cell: ({ row }) => <HardwareCell machine={row.original} />,
    sortFn: (a, b) => (a.original.memoryBytes ?? 0) - (b.original.memoryBytes ?? 0),
  }),
  column.accessor((machine) => systemOf(machine) ?? '', {
    id: 'system',
    header: 'System',
    cell: ({ row }) => <span className="line-clamp-2 text-ink-soft">{systemOf(row.original)}</span>,
    sortFn: (a, b) => compareNames(systemOf(a.original) ?? '~', systemOf(b.original) ?? '~'),
  }),
  column.accessor((machine) => machine.lastSeenAt ?? 0, {
    id: 'seen',
    header: 'Seen',
    sortFn: (a, b) => (a.original.lastSeenAt ?? 0) - (b.original.lastSeenAt ?? 0),
    cell: ({ row }) => (
      <span className="text-ink-soft">
        <Ago atMs={row.original.lastSeenAt} />
      </span>
    ),
  }),
])

/** Width and breakpoint of each column; the name takes what is left. */
export const columnClasses: Record<string, string> = {
  name: '',
  status: 'w-40 sm:w-44',
  siteName: 'w-32 max-lg:hidden',
  address: 'w-42 max-sm:hidden',
  draw: 'w-24 max-lg:hidden',
  hardware: 'w-56 max-[89rem]:hidden',
  system: 'w-44 max-lg:hidden',
  seen: 'w-26 max-md:hidden',
}

function NameCell({ machine }: { machine: Machine }) {
  const unnamed = machine.name === machine.fourWords
  return (
    <div className="min-w-0">
      <div className="flex items-baseline gap-3">
        <Link
          to="/machines/$machineId"
          params={{ machineId: machine.machineId }}
          data-machine={machine.machineId}
          className="truncate text-[1.1rem] font-semibold outline-offset-[-2px] hover:text-touch hover:underline"
        >
          {machine.name}
        </Link>
        {machine.bmc && (
          <span className="shrink-0 self-center">
            <PowerMark bmc={machine.bmc} isTerse />
          </span>
        )}
        {machine.locked && (
          <Padlock label={renderLock(machine, Date.now())} className="shrink-0 self-center" />
        )}
        {machine.tags.length > 0 && (
          <span className="truncate text-[0.85rem] text-ink-faint max-sm:hidden">
            {machine.tags.join(' · ')}
          </span>
        )}
      </div>
      <div className="truncate text-[0.9rem] text-ink-faint italic">
        {unnamed ? (
          <span className="not-italic">
            <Mono>{machine.macs[0]}</Mono>
          </span>
        ) : (
          separateWords(machine.fourWords)
        )}
      </div>
    </div>
  )
}

function StatusCell({ machine }: { machine: Machine }) {
  const { deployment } = machine
  if (machine.status !== 'deploying' || !deployment)
    return (
      <div className="leading-snug">
        <StatusMark
          status={
            machine.status === 'deployed' && deployment?.status === 'written' ? 'written' : machine.status
          }
        />
        <StatusDetail machine={machine} />
      </div>
    )
  const bytes = writingBytes(deployment)
  const percent = bytes ? percentDone(bytes.bytesDone, bytes.bytesTotal) : null
  return (
    <div>
      <StatusMark
        status="deploying"
        label={`${deploymentStages[deployment.stage].title}${percent === null ? '' : ` ${Math.floor(percent)} %`}`}
      />
      {percent !== null && (
        <div className="mt-1 max-w-36">
          <PoleBar
            label={`${machine.name} writing`}
            percent={percent}
            turning={(currentRate(deployment.deploymentId) ?? 0) > 0}
            thin
          />
        </div>
      )}
    </div>
  )
}

/** What makes this status worth a second look. */
function StatusDetail({ machine }: { machine: Machine }) {
  if (machine.deployment?.abortRequested && machine.status === 'armed')
    return <div className="truncate text-[0.85rem] text-wanted">abort not yet confirmed</div>
  if (machine.status === 'queued')
    return <div className="truncate text-[0.85rem] text-ink-faint">waits for its turn</div>
  if (waitsForWork(machine))
    return (
      <div className="truncate text-[0.85rem]">
        <RamdiskNote text="waiting for work" />
      </div>
    )
  if (machine.status === 'armed')
    return (
      <div className="truncate text-[0.85rem] text-ink-faint">
        {machine.bmc ? 'its BMC powers it on' : 'power it on'}
      </div>
    )
  return null
}

function SiteCell({ machine }: { machine: Machine }) {
  const presence = useSitePresence(machine.siteId)
  const off = switchedOffNote(machine)
  return (
    <div className="leading-snug">
      <div className="truncate">{machine.siteName}</div>
      {presence?.kind === 'away' && <div className="text-[0.85rem] text-failed">away</div>}
      {presence?.kind !== 'away' && off && (
        <div className="truncate text-[0.85rem] text-wanted" title={off}>
          {off}
        </div>
      )}
    </div>
  )
}

function AddressCell({ machine }: { machine: Machine }) {
  return (
    <div className="leading-snug">
      {machine.address && (
        <div>
          <Mono>{machine.address}</Mono>
        </div>
      )}
      {machine.macs[0] && (
        <div className="text-[0.85rem] text-ink-faint">
          <Mono>{machine.macs[0]}</Mono>
        </div>
      )}
    </div>
  )
}

/** What it draws, and how warm the air is that comes in; nothing that is no longer true. */
function DrawCell({ machine: { bmc } }: { machine: Machine }) {
  if (!bmc) return null
  if (bmc.problem)
    return (
      <span className="line-clamp-2 text-[0.85rem] leading-snug text-wanted" title={bmc.problem}>
        {bmcTrouble(bmc)}
      </span>
    )
  const celsius = bmc.inletCelsius ?? bmc.hottestCelsius
  return (
    <div className="num leading-snug">
      {bmc.powerWatts !== null && <div>{formatWatts(bmc.powerWatts)}</div>}
      {celsius !== null && (
        <div
          className="text-[0.85rem] text-ink-faint"
          title={bmc.inletCelsius === null ? 'Its hottest part' : 'At its air inlet'}
        >
          {formatCelsius(celsius)}
        </div>
      )}
    </div>
  )
}

function HardwareCell({ machine }: { machine: Machine }) {
  const sizes = [
    machine.cpuThreads !== null && `${machine.cpuThreads} threads`,
    machine.memoryBytes !== null && formatMemory(machine.memoryBytes),
    machine.diskBytes !== null && `${formatBytes(machine.diskBytes)} disk`,
  ].filter(Boolean)
  return (
    <div className="leading-snug">
      <div className="truncate text-ink-soft">{machine.product ?? machine.manufacturer}</div>
      <div className="num truncate text-[0.85rem] text-ink-faint">{sizes.join(' · ')}</div>
    </div>
  )
}

/** Memory is sold in binary units: 64 GiB, not 69 GB. */
export function formatMemory(bytes: number): string {
  const gib = bytes / 2 ** 30
  return gib >= 1
    ? `${gib >= 10 ? Math.round(gib) : Number(gib.toFixed(1))} GiB`
    : `${Math.round(bytes / 2 ** 20)} MiB`
}
