import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Tabs } from 'radix-ui'
import { ApiError } from '../../api/problem.ts'
import { machineQuery } from '../../api/queries.ts'
import type { MachineDetail } from '../../api/views.ts'
import { usePageTitle } from '../../components/page.tsx'
import { PowerTab } from '../../features/bmc/power-tab.tsx'
import { ConsoleTab } from '../../features/console/console-tab.tsx'
import { HardwareTab } from '../../features/machine/hardware-tab.tsx'
import { HistoryTab } from '../../features/machine/history-tab.tsx'
import { LogTab } from '../../features/machine/log-tab.tsx'
import { MachineHeader } from '../../features/machine/machine-header.tsx'
import { NowTab } from '../../features/machine/now-tab.tsx'
import { EventLogTab } from '../../features/monitoring/event-log-tab.tsx'
import { SensorsTab } from '../../features/monitoring/sensors-tab.tsx'
import { capitalise } from '../../format/words.ts'
import { Broken } from '../broken.tsx'
import { NotFoundPage } from './not-found-page.tsx'

export const machineTabs = [
  'now',
  'power',
  'console',
  'sensors',
  'events',
  'hardware',
  'log',
  'history',
] as const
export type MachineTab = (typeof machineTabs)[number]

export function MachinePage() {
  const { machineId } = useParams({ from: '/portal/machines/$machineId' })
  const { data: machine, error } = useQuery(machineQuery(machineId))
  if (machine) return <MachineView machine={machine} />
  if (error)
    return error instanceof ApiError && error.problem.status === 404 ? (
      <NotFoundPage />
    ) : (
      <Broken error={error} />
    )
  return null
}

/** On a phone the tabs are wider than the screen. */
function showWhole(trigger: HTMLElement | null): void {
  trigger?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
}

function MachineView({ machine }: { machine: MachineDetail }) {
  usePageTitle(machine.name)
  const { tab = 'now' } = useSearch({ from: '/portal/machines/$machineId' })
  const navigate = useNavigate({ from: '/machines/$machineId' })
  const choose = (value: string): void => {
    const next = machineTabs.find((other) => other === value)
    void navigate({ search: { tab: next === 'now' ? undefined : next }, replace: true, resetScroll: false })
  }
  return (
    <>
      <MachineHeader machine={machine} />
      <Tabs.Root value={tab} onValueChange={choose} className="mt-7">
        <Tabs.List
          aria-label="About this machine"
          className="flex gap-1 overflow-x-auto border-b border-line sm:gap-3"
        >
          {machineTabs.map((name) => (
            <Tabs.Trigger
              key={name}
              ref={name === tab ? showWhole : undefined}
              value={name}
              className="touchable -mb-px border-b-2 border-transparent px-3 py-2 whitespace-nowrap text-ink-soft first:-ml-3 hover:text-ink data-[state=active]:border-touch data-[state=active]:text-ink"
            >
              {name === 'events' ? 'Event log' : capitalise(name)}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content value="now" className="pt-7 outline-offset-8">
          <NowTab machine={machine} />
        </Tabs.Content>
        <Tabs.Content value="power" className="pt-7 outline-offset-8">
          <PowerTab machine={machine} />
        </Tabs.Content>
        <Tabs.Content value="console" className="pt-7 outline-offset-8">
          <ConsoleTab machine={machine} />
        </Tabs.Content>
        <Tabs.Content value="sensors" className="pt-7 outline-offset-8">
          <SensorsTab machine={machine} />
        </Tabs.Content>
        <Tabs.Content value="events" className="pt-7 outline-offset-8">
          <EventLogTab machine={machine} />
        </Tabs.Content>
        <Tabs.Content value="hardware" className="pt-7 outline-offset-8">
          <HardwareTab machine={machine} />
        </Tabs.Content>
        <Tabs.Content value="log" className="pt-5 outline-offset-8">
          <LogTab key={machine.machineId} machine={machine} />
        </Tabs.Content>
        <Tabs.Content value="history" className="pt-7 outline-offset-8">
          <HistoryTab machine={machine} />
        </Tabs.Content>
      </Tabs.Root>
    </>
  )
}
