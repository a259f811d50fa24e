import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { RowSelectionState } from '@tanstack/react-table'
import { useDeferredValue, useMemo, useRef, useState } from 'react'
import {
  edgesQuery,
  imagesQuery,
  machinesQuery,
  setupQuery,
  sitesQuery,
  waitingCommandsQuery,
} from '../../api/queries.ts'
import type { Machine } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Empty, Page } from '../../components/page.tsx'
import { AdoptBmcDialog } from '../../features/bmc/adopt-bmc-dialog.tsx'
import { ElectricBar } from '../../features/deployments/electric-bar.tsx'
import { AddMachineDialog } from '../../features/machines/add-machine-dialog.tsx'
import { AdoptDialog } from '../../features/machines/adopt-dialog.tsx'
import { describeFleet } from '../../features/machines/fleet-sentence.ts'
import { compareMachines, countByStatus, matchesFilter } from '../../features/machines/machine-list.ts'
import { MachineTable } from '../../features/machines/machine-table.tsx'
import { MachineToolbar } from '../../features/machines/machine-toolbar.tsx'
import { SelectionBar } from '../../features/machines/selection-bar.tsx'
import { StatusCounts } from '../../features/machines/status-counts.tsx'
import { decideWants } from '../../features/machines/wants.ts'
import { WantsList } from '../../features/machines/wants-list.tsx'
import { NextSteps } from '../../features/people/next-steps.tsx'
import { decideNextSteps } from '../../features/people/setup-steps.ts'
import { SwitchedOffNotice } from '../../features/safety/switched-off-notice.tsx'
import { paths } from '../paths.ts'
import type { MachinesSearch } from '../router.tsx'

const none: never[] = []
const listId = 'all-machines'

export function MachinesPage() {
  const search = useSearch({ from: '/portal/' })
  const navigate = useNavigate({ from: '/' })
  const machines = useQuery(machinesQuery)
  const edges = useQuery(edgesQuery)
  const images = useQuery(imagesQuery)
  const sites = useQuery(sitesQuery)
  const setup = useQuery(setupQuery)
  const { data: waiting = none } = useQuery(waitingCommandsQuery)
  const [adopting, setAdopting] = useState<Machine | null>(null)
  const all = machines.data ?? none
  const steps = useMemo(
    () => decideNextSteps(setup.data ?? null, edges.data ?? null, images.data ?? null, all),
    [setup.data, edges.data, images.data, all],
  )
  const wants = useMemo(
    () =>
      decideWants(
        all,
        edges.data ?? none,
        images.data ?? none,
        steps.length > 0 ? null : setup.data,
        waiting,
      ),
    [all, edges.data, images.data, setup.data, steps, waiting],
  )
  const filter = (change: MachinesSearch): void => {
    void navigate({ search: (previous) => ({ ...previous, ...change }), replace: true, resetScroll: false })
  }
  const isReady = machines.isSuccess
  return (
    <Page
      title="Machines"
      lede={isReady ? describeFleet(all, wants.length) : ' '}
      actions={
        <>
          <Button may="bmcs" look="quiet" onClick={() => void navigate({ to: paths.findBmcs })}>
            Find BMCs
          </Button>
          <Button may="bmcs" look="quiet" onClick={() => filter({ do: 'adopt-bmc' })}>
            Adopt by BMC address
          </Button>
          <Button may="operate" onClick={() => filter({ do: 'add' })}>
            Add machine
          </Button>
        </>
      }
    >
      {isReady && (
        <>
          <SwitchedOffNotice />
          <NextSteps steps={steps} />
          <WantsList
            wants={wants}
            onAdopt={setAdopting}
            onShow={(of) => {
              filter({ status: of === 'failed' ? 'failed' : 'discovered', q: undefined })
              document.getElementById(listId)?.scrollIntoView()
            }}
          />
          {all.length > 0 && (
            <StatusCounts
              counts={countByStatus(all)}
              total={all.length}
              chosen={search.status}
              onChoose={(status) => filter({ status })}
            />
          )}
          {all.length > 0 && <ElectricBar />}
          {all.length > 0 ? (
            <MachineList machines={all} search={search} sites={sites.data ?? none} onFilter={filter} />
          ) : steps.length > 0 || !edges.isFetched ? null : (
            <Empty title="No machine has shown itself yet.">
              With an interface of an edge turned on, restart a machine with network boot first: it appears
              here within a minute, and nothing on it is altered. Or add one by its MAC address, or{' '}
              <Link to={paths.findBmcs} className="text-touch underline">
                look for BMCs
              </Link>{' '}
              in your network.
            </Empty>
          )}
        </>
      )}
      {adopting && <AdoptDialog machine={adopting} onClose={() => setAdopting(null)} />}
      {search.do === 'adopt-bmc' && <AdoptBmcDialog onClose={() => filter({ do: undefined })} />}
      {search.do === 'add' && <AddMachineDialog onClose={() => filter({ do: undefined })} />}
    </Page>
  )
}

interface MachineListProps {
  machines: readonly Machine[]
  search: MachinesSearch
  sites: Parameters<typeof MachineToolbar>[0]['sites']
  onFilter: (change: MachinesSearch) => void
}

function MachineList({ machines, search, sites, onFilter }: MachineListProps) {
  const searchBox = useRef<HTMLInputElement>(null)
  const [selection, setSelection] = useState<RowSelectionState>({})
  const [isSelecting, setIsSelecting] = useState(false)
  const clear = (): void => {
    setSelection({})
    setIsSelecting(false)
  }
  const query = useDeferredValue(search.q)
  const shown = useMemo(
    () =>
      machines
        .filter((machine) => matchesFilter(machine, { q: query, status: search.status, site: search.site }))
        .toSorted(compareMachines),
    [machines, query, search.status, search.site],
  )
  const selected = machines.filter((machine) => selection[machine.machineId])
  return (
    <section aria-label="All machines" id={listId} className="mt-9 scroll-mt-20">
      <MachineToolbar
        search={search}
        sites={sites}
        searchBox={searchBox}
        count={shown.length}
        onFilter={onFilter}
        isSelecting={isSelecting}
        onSelecting={() => (isSelecting ? clear() : setIsSelecting(true))}
      />
      {shown.length > 0 ? (
        <MachineTable
          machines={shown}
          selection={selection}
          onSelection={setSelection}
          isSelecting={isSelecting}
          search={searchBox}
        />
      ) : (
        <Empty
          title="No machine is like that."
          action={
            <Button onClick={() => onFilter({ q: undefined, status: undefined, site: undefined })}>
              Show all machines
            </Button>
          }
        >
          The search looks at names, four words, addresses, MACs, serial numbers, hardware, tags and systems.
        </Empty>
      )}
      {selected.length > 0 && <SelectionBar machines={selected} onClear={clear} />}
    </section>
  )
}
