import type { BootDevice } from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Bmc, MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { SelectField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { refusal } from '../machine/facts.ts'

const devices: Record<BootDevice, string> = {
  pxe: 'the network (PXE)',
  disk: 'its disk',
  cdrom: 'a CD',
  setup: 'its firmware’s setup',
  none: 'what its firmware says',
}

interface Choice {
  device: BootDevice
  often: 'once' | 'always'
  firmware: 'known' | 'uefi' | 'bios'
}

/** What the machine starts from next, or from now on. It changes nothing until the machine restarts. */
export function BootDeviceForm({ machine, bmc }: { machine: MachineDetail; bmc: Bmc }) {
  const [choice, setChoice] = useState<Choice>({ device: 'pxe', often: 'once', firmware: 'known' })
  const change = (part: Partial<Choice>): void => setChoice((before) => ({ ...before, ...part }))
  const setting = useBootDevice(machine)
  const known = machine.inventory?.firmware
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (!setting.isPending) setting.mutate(choice)
  }
  return (
    <form aria-label="Boot device" onSubmit={submit} className="mt-8 border-t border-line pt-6">
      <div className="grid max-w-3xl items-end gap-x-4 gap-y-4 sm:grid-cols-[1fr_11rem_11rem_auto]">
        <SelectField
          label="Start from"
          value={choice.device}
          onChange={(event) => change({ device: event.target.value as BootDevice })}
        >
          {Object.entries(devices).map(([device, name]) => (
            <option key={device} value={device}>
              {name}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="How often"
          value={choice.often}
          onChange={(event) => change({ often: event.target.value as Choice['often'] })}
        >
          <option value="once">the next time only</option>
          <option value="always">from now on</option>
        </SelectField>
        <SelectField
          label="By"
          value={choice.firmware}
          onChange={(event) => change({ firmware: event.target.value as Choice['firmware'] })}
        >
          <option value="known">
            {known ? `${known === 'uefi' ? 'UEFI' : 'BIOS'}, as now` : 'as it starts now'}
          </option>
          <option value="uefi">UEFI</option>
          <option value="bios">BIOS</option>
        </SelectField>
        <Button
          may="power"
          type="submit"
          busy={setting.isPending}
          refusal={refusal('power', machine) ?? unable(bmc)}
        >
          Set
        </Button>
      </div>
      <p className="mt-2 text-[0.95rem] text-ink-faint">
        {choice.often === 'always' && choice.device === 'pxe'
          ? 'A machine that no deployment waits for boots its disk all the same: the site sends it there.'
          : 'It takes effect at the next start. What runs now is not touched.'}
      </p>
      <ProblemNote error={setting.error} />
    </form>
  )
}

/** Why its BMC can't set it, once it was looked at; null when it can, or when nobody knows yet. */
function unable({ capabilities }: Bmc): string | null {
  const found = capabilities.find(({ capability }) => capability === 'bootDevice')
  if (!found || found.driver) return null
  return found.failures[0]?.message ?? 'Its BMC can’t set the boot device.'
}

function useBootDevice({ machineId, name }: MachineDetail) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: ({ device, often, firmware }: Choice) =>
      take(
        api.POST('/api/v1/machines/{machineId}/bmc/boot-device', {
          params: { path: { machineId } },
          body: {
            device,
            persistent: often === 'always',
            ...(firmware === 'known' ? {} : { uefi: firmware === 'uefi' }),
          },
        }),
      ),
    onSuccess: async () => {
      showToast({ text: `${name}: on its way. Below is what comes of it.` })
      await queryClient.invalidateQueries({ queryKey: keys.commands(machineId) })
    },
  })
}
