import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys, sitesQuery } from '../../api/queries.ts'
import type { MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { SelectField, TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { hostnameError } from '../machines/hostname.ts'
import { BmcFields } from './bmc-fields.tsx'
import { type BmcForm, bmcFormErrors, emptyBmcForm, readReach, setBmc } from './set-credentials.ts'

/** Takes in a machine of which only its BMC's address is known. */
export function AdoptBmcDialog({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const { data: sites } = useQuery(sitesQuery)
  const [form, setForm] = useState<BmcForm>(emptyBmcForm)
  const [name, setName] = useState('')
  const [chosenSite, setChosenSite] = useState('')
  const [tried, setTried] = useState(false)
  const siteId = chosenSite || sites?.[0]?.siteId || ''
  /** Made already, when sealing the password failed after it: not a second time. */
  const [made, setMade] = useState<MachineDetail | null>(null)

  const adopting = useMutation({
    mutationFn: async () => {
      const body = { siteId, ...readReach(form), ...(name ? { name } : {}) }
      const machine = made ?? (await take(api.POST('/api/v1/bmcs', { body })))
      setMade(machine)
      await setBmc(machine.siteId, machine.machineId, form)
      return machine
    },
    onSuccess: async (machine) => {
      showToast({ text: `${machine.name} is taken in. The site looks at its BMC.` })
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.machines })
      const { machineId } = machine
      await navigate({ to: '/machines/$machineId', params: { machineId }, search: { tab: 'power' } })
    },
  })
  const problem = sortProblem(adopting.error, ['address', 'port', 'protocol', 'name', 'siteId'], {
    'bmc-taken': 'address',
    'name-taken': 'name',
  })
  const errors = bmcFormErrors(form, true)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    if (Object.keys(errors).length === 0 && !hostnameError(name, true) && siteId) adopting.mutate()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      keepOpen={form.address !== ''}
      title="Adopt by BMC address"
      description="For a machine that nobody has booted yet: its BMC tells what it is, and powers it on when you deploy."
    >
      <form onSubmit={submit} className="space-y-5">
        <BmcFields
          form={form}
          errors={{ ...(tried ? errors : {}), ...problem.fields }}
          hasCredentials={false}
          onChange={(change) => setForm((before) => ({ ...before, ...change }))}
        />
        <div className="grid gap-x-4 gap-y-5 sm:grid-cols-2">
          <TextField
            label="Name"
            value={name}
            onChange={(event) => setName(event.target.value.trim())}
            autoCapitalize="off"
            autoComplete="off"
            spellCheck={false}
            hint="Optional."
            error={hostnameError(name, true) ?? problem.fields.name}
          />
          <SelectField
            label="Site"
            value={siteId}
            onChange={(event) => setChosenSite(event.target.value)}
            error={problem.fields.siteId}
          >
            {sites?.map((site) => (
              <option key={site.siteId} value={site.siteId}>
                {site.name}
              </option>
            ))}
          </SelectField>
        </div>
        <ProblemNote text={problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={adopting.isPending}>
            Adopt
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
