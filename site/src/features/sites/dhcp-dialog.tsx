import { checkDhcpSettings } from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { keys } from '../../api/queries.ts'
import type { Edge, EdgeInterface } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { SelectField, TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { type DhcpForm, fieldNames, fillForm, readForm } from './dhcp-form.ts'

interface DhcpDialogProps {
  edge: Edge
  netInterface: EdgeInterface
  onClose: () => void
}

const uefiHints: Record<string, string> = {
  '': 'The fast way. Firmware with Secure Boot on refuses it.',
  'secure-boot':
    'For all UEFI machines here, whether Secure Boot is on or not. They load by TFTP, which takes longer; what is deployed has to be signed, too.',
}

/** Which addresses an edge gives out on one of its networks. Saving it switches the interface to full DHCP. */
export function DhcpDialog({ edge, netInterface, onClose }: DhcpDialogProps) {
  const queryClient = useQueryClient()
  const { name, address, prefixLength, mode } = netInterface
  const [initial] = useState(() => fillForm(netInterface))
  const [form, setForm] = useState(initial)
  const [tried, setTried] = useState(false)
  const saving = useMutation({
    mutationFn: (dhcp: NonNullable<EdgeInterface['dhcpSettings']>) =>
      take(
        api.PATCH('/api/v1/edges/{edgeId}', {
          params: { path: { edgeId: edge.edgeId } },
          body: { interfaces: [{ name, mode: 'full', dhcpSettings: dhcp }] },
        }),
      ),
    onSuccess: async () => {
      showToast({ text: `${edge.hostname} gives out addresses on ${name}.` })
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.edges })
    },
  })
  const settings = readForm(form, netInterface.dhcpSettings?.relayed ?? [])
  const faults: Record<string, string> = {}
  if (tried && address && prefixLength !== null) {
    Object.assign(faults, settings.faults)
    const { firstAddress, lastAddress, gateway } = settings.faults
    const isReadable = !firstAddress && !lastAddress && !gateway
    const range = isReadable ? checkDhcpSettings(settings.typed, { address, prefixLength }) : []
    for (const { field, message } of range) faults[field] ??= message
  }
  const problem = sortProblem(saving.error, fieldNames)
  const error = (field: keyof DhcpForm) => faults[field] ?? problem.fields[field]
  const bind = (field: keyof DhcpForm) => ({
    value: form[field],
    error: error(field),
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [field]: event.target.value }),
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    const { dhcp } = settings
    if (!dhcp || !address || prefixLength === null) return
    if (checkDhcpSettings(dhcp, { address, prefixLength }).length === 0) saving.mutate(dhcp)
  }
  return (
    <Dialog
      open
      wide
      onOpenChange={onClose}
      keepOpen={form !== initial}
      title={`Full DHCP on ${name}`}
      description={`The edge, ${address}/${prefixLength}, becomes the DHCP server of this network. There must be no other: two of them give the same address to two machines.`}
    >
      <form onSubmit={submit} noValidate>
        <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2">
          <TextField label="First address" mono {...bind('firstAddress')} />
          <TextField label="Last address" mono {...bind('lastAddress')} />
          <TextField
            label="Gateway"
            mono
            hint="Empty where this network has no router."
            {...bind('gateway')}
          />
          <TextField label="DNS servers" mono hint="Separated by commas." {...bind('dnsServers')} />
          <TextField label="Domain" mono hint="Such as lab.example.com." {...bind('domain')} />
          <TextField label="NTP servers" mono hint="Separated by commas." {...bind('ntpServers')} />
          <TextField label="Lease time, in minutes" inputMode="numeric" {...bind('leaseMinutes')} />
          <SelectField label="Who gets an address" {...bind('clients')}>
            <option value="everyone">Everyone who asks</option>
            <option value="known">Machines of this site only</option>
          </SelectField>
          <div className="sm:col-span-2">
            <SelectField
              label="UEFI machines start by"
              hint={uefiHints[form.uefiStart]}
              {...bind('uefiStart')}
            >
              <option value="">iPXE</option>
              <option value="secure-boot">Debian’s signed shim and GRUB, for Secure Boot</option>
            </SelectField>
          </div>
        </div>
        <ProblemNote text={faults.relayed ?? problem.form} />
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={saving.isPending}>
            {mode === 'full' ? 'Save' : 'Give out addresses'}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
