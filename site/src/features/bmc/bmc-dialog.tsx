import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { sortProblem } from '../../api/problem.ts'
import { keys } from '../../api/queries.ts'
import type { Bmc, MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { BmcFields } from './bmc-fields.tsx'
import { type BmcForm, bmcFormErrors, emptyBmcForm, setBmc } from './set-credentials.ts'

interface BmcDialogProps {
  machine: MachineDetail
  /** Null while it has none. */
  bmc: Bmc | null
  onClose: () => void
}

/** Adds a machine's BMC, or changes how it is reached. */
export function BmcDialog({ machine, bmc, onClose }: BmcDialogProps) {
  const queryClient = useQueryClient()
  const [form, setForm] = useState<BmcForm>(() => startForm(machine, bmc))
  const [tried, setTried] = useState(false)
  const isSameAddress = bmc !== null && bmc.address === form.address.trim().toLowerCase()
  const hasCredentials = isSameAddress && bmc.hasCredentials
  const saving = useMutation({
    mutationFn: () => setBmc(machine.siteId, machine.machineId, form),
    onSuccess: async (saved) => {
      queryClient.setQueryData(keys.bmc(machine.machineId), saved)
      showToast({ text: `The site looks at the BMC of ${machine.name}.` })
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.machine(machine.machineId) })
      await queryClient.invalidateQueries({ queryKey: keys.machines })
      await queryClient.invalidateQueries({ queryKey: keys.edges })
    },
  })
  const problem = sortProblem(saving.error, ['address', 'port', 'protocol'], { 'bmc-taken': 'address' })
  const errors = bmcFormErrors(form, !hasCredentials)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    if (Object.keys(errors).length === 0) saving.mutate()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      keepOpen={form.password !== '' || form.address !== (bmc?.address ?? '')}
      title={bmc ? `BMC of ${machine.name}` : `Add the BMC of ${machine.name}`}
      description="With it, Dragonfly switches the machine, and starts deployments by itself. Nothing on it is altered."
    >
      <form onSubmit={submit} className="space-y-5">
        <BmcFields
          form={form}
          errors={{ ...(tried ? errors : {}), ...problem.fields }}
          hasCredentials={hasCredentials}
          onChange={(change) => setForm((before) => ({ ...before, ...change }))}
        />
        <ProblemNote text={problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={saving.isPending}>
            {bmc ? 'Save' : 'Add BMC'}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

/** The ramdisk may have seen where the BMC is. */
function startForm(machine: MachineDetail, bmc: Bmc | null): BmcForm {
  if (!bmc) return { ...emptyBmcForm, address: machine.inventory?.bmc?.address ?? '' }
  return { ...emptyBmcForm, address: bmc.address, port: bmc.port?.toString() ?? '', protocol: bmc.protocol }
}
