import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { bmcQuery } from '../../api/queries.ts'
import { useRefusal } from '../../api/use-refusal.ts'
import type { MachineDetail } from '../../api/views.ts'
import { Empty } from '../../components/page.tsx'

/** The terminal is large, and few pages need it. */
const ConsoleView = lazy(() => import('./console-view.tsx'))

export function ConsoleTab({ machine }: { machine: MachineDetail }) {
  const refusal = useRefusal('console')
  const hasBmc = machine.bmc !== null
  const { data: bmc } = useQuery({ ...bmcQuery(machine.machineId), enabled: hasBmc && refusal === null })
  if (refusal)
    return (
      <Empty title="Consoles are for administrators.">{refusal} What a machine writes may be secret.</Empty>
    )
  if (!hasBmc || bmc?.protocol === 'wake-on-lan')
    return (
      <Empty title="It has no BMC.">
        The serial console is opened through a machine’s BMC. If it has one, enter its address under Power.
      </Empty>
    )
  if (!bmc) return null
  const console = bmc.capabilities.find(({ capability }) => capability === 'console')
  const failure = console?.driver === null ? console.failures[0]?.message : null
  return (
    <Suspense fallback={null}>
      <ConsoleView key={machine.machineId} machine={machine} warning={failure ?? null} />
    </Suspense>
  )
}
