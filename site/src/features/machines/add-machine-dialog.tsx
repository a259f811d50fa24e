import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys, sitesQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { SelectField, TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { hostnameError, macError } from './hostname.ts'

/** For a machine that is known before it was ever seen: from a purchase order, or from its sticker. */
export function AddMachineDialog({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const { data: sites } = useQuery(sitesQuery)
  const [mac, setMac] = useState('')
  const [name, setName] = useState('')
  const [siteId, setSiteId] = useState('')
  const [tried, setTried] = useState(false)
  const site = siteId || sites?.[0]?.siteId || ''

  const adding = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/machines', { body: { siteId: site, mac, ...(name ? { name } : {}) } })),
    onSuccess: async (machine) => {
      showToast({ text: `${machine.name} is registered. It appears as soon as it boots from the network.` })
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.machines })
      await navigate({ to: '/machines/$machineId', params: { machineId: machine.machineId } })
    },
  })
  const problem = sortProblem(adding.error, ['mac', 'name', 'siteId'], {
    'mac-taken': 'mac',
    'name-taken': 'name',
  })
  const macProblem = (tried || mac.length >= 12) && macError(mac)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    if (!macError(mac) && !hostnameError(name, true) && site) adding.mutate()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      keepOpen={mac !== ''}
      title="Add machine"
      description="Machines that boot from the network are discovered by themselves. Add one here to have it adopted before it is first switched on."
    >
      <form onSubmit={submit} className="space-y-5">
        <TextField
          label="MAC address"
          mono
          value={mac}
          onChange={(event) => setMac(event.target.value)}
          placeholder="52:54:00:12:34:56"
          autoComplete="off"
          spellCheck={false}
          hint="Of the network card that it boots from; any way of writing it."
          error={macProblem || problem.fields.mac}
        />
        <TextField
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value.trim())}
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          hint="Optional. Without one it goes by the four words of its MAC address."
          error={hostnameError(name, true) ?? problem.fields.name}
        />
        <SelectField
          label="Site"
          value={site}
          onChange={(event) => setSiteId(event.target.value)}
          error={problem.fields.siteId}
        >
          {sites?.map(({ siteId, name }) => (
            <option key={siteId} value={siteId}>
              {name}
            </option>
          ))}
        </SelectField>
        <ProblemNote text={problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={adding.isPending}>
            Add machine
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
