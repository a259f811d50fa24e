import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys } from '../../api/queries.ts'
import type { Machine } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { Mono } from '../../components/facts.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { separateWords } from '../../format/words.ts'
import { hostnameError } from './hostname.ts'

/** Takes a discovered machine into the fleet, with a name if one is at hand. */
export function AdoptDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const queryClient = useQueryClient()
  const [name, setName] = useState('')
  const adopting = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/machines/{machineId}/adopt', {
          params: { path: { machineId: machine.machineId } },
          body: name ? { name } : {},
        }),
      ),
    onSuccess: async (adopted) => {
      queryClient.setQueryData(keys.machine(adopted.machineId), adopted)
      showToast({ text: `${adopted.name} is yours. Deploy something on it when you like.` })
      // First the list, then the focus: the button that asked may be gone from it.
      await queryClient.invalidateQueries({ queryKey: keys.machines })
      onClose()
    },
  })
  const problem = sortProblem(adopting.error, ['name'], { 'name-taken': 'name' })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (!hostnameError(name, true)) adopting.mutate()
  }
  const hardware = [machine.manufacturer, machine.product].filter(Boolean).join(' ')
  return (
    <Dialog
      open
      onOpenChange={onClose}
      keepOpen={name !== ''}
      title={`Adopt ${machine.name}`}
      description={
        <>
          {hardware || 'A machine'} at {machine.siteName}, <Mono>{machine.macs[0]}</Mono>. Nothing on it is
          altered; from now on you can deploy to it.
        </>
      }
    >
      <form onSubmit={submit}>
        <TextField
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value.trim())}
          placeholder={machine.name}
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          hint={`A host name, if you have one. Until then it is ${separateWords(machine.fourWords)}.`}
          error={hostnameError(name, true) ?? problem.fields.name}
        />
        <ProblemNote text={problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Not now
          </Button>
          <Button look="primary" type="submit" busy={adopting.isPending}>
            Adopt
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
