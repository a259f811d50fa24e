import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys, sensorsQuery } from '../../api/queries.ts'
import type { MachineDetail, Sensor } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Empty, Section } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { Ago } from '../../components/time.tsx'
import { capitalise } from '../../format/words.ts'
import { bmcTrouble } from '../bmc/power-mark.tsx'
import { HealthMark } from './health-mark.tsx'
import { describeLimits, formatReading, groupSensors } from './sensor-groups.ts'

/** Every sensor of a machine, by kind. */
export function SensorsTab({ machine }: { machine: MachineDetail }) {
  const { machineId } = machine
  const queryClient = useQueryClient()
  const { data } = useQuery(sensorsQuery(machineId))
  const reading = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/machines/{machineId}/bmc/read', {
          params: { path: { machineId } },
          body: { what: 'sensors' },
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.commands(machineId) }),
  })
  if (!machine.bmc)
    return (
      <Empty title="No sensors without a BMC.">
        Add the machine’s BMC under Power: its sensors are read from there.
      </Empty>
    )
  if (!data) return null
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-5 gap-y-2">
        <Button may="operate" busy={reading.isPending} onClick={() => reading.mutate()}>
          Read now
        </Button>
        <span className="text-ink-faint">
          {data.at === null ? (
            'Never read'
          ) : (
            <>
              read <Ago atMs={data.at} />
            </>
          )}
          , by itself every 15 minutes
        </span>
        {machine.bmc.problem && (
          <span className="text-wanted">
            {bmcTrouble(machine.bmc)}: {machine.bmc.problem}
          </span>
        )}
      </div>
      <ProblemNote error={reading.error} />
      {data.sensors.length === 0 ? (
        <Empty title="No sensors yet.">
          They arrive within minutes of the BMC’s first answer. Read them now if you can’t wait.
        </Empty>
      ) : (
        <div className="mt-8">
          {groupSensors(data.sensors).map(({ kind, sensors }) => (
            <Section key={kind} title={capitalise(kind)}>
              <SensorTable sensors={sensors} kind={kind} />
            </Section>
          ))}
        </div>
      )}
    </>
  )
}

function SensorTable({ sensors, kind }: { sensors: readonly Sensor[]; kind: string }) {
  return (
    <table className="w-full max-w-4xl text-left">
      <caption className="sr-only">{capitalise(kind)} sensors</caption>
      <thead className="label">
        <tr>
          <th className="py-1 pr-4 font-normal">Sensor</th>
          <th className="py-1 pr-4 text-right font-normal">Reading</th>
          <th className="py-1 pr-4 font-normal">State</th>
          <th className="py-1 font-normal max-sm:hidden">Limits</th>
        </tr>
      </thead>
      <tbody className="divide-y divide-line">
        {sensors.map((sensor) => (
          <tr key={sensor.name}>
            <th scope="row" className="py-1.5 pr-4 font-normal break-words">
              {sensor.name}
            </th>
            <td className="num py-1.5 pr-4 text-right whitespace-nowrap">{formatReading(sensor)}</td>
            <td className="py-1.5 pr-4">
              {sensor.states.length > 0 ? sensor.states.join(', ') : <HealthMark health={sensor.health} />}
            </td>
            <td className="num py-1.5 text-[0.9rem] text-ink-faint max-sm:hidden">
              {describeLimits(sensor)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
