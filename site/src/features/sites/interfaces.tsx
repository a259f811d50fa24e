import { useMutation, useQueryClient } from '@tanstack/react-query'
import { RadioGroup } from 'radix-ui'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Edge, EdgeInterface } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { showToast } from '../../components/toast-store.ts'
import { DhcpDialog } from './dhcp-dialog.tsx'
import { DhcpNote, useDhcpObservation } from './dhcp-note.tsx'
import { Leases } from './leases.tsx'

type Mode = EdgeInterface['mode']
const modes: readonly { mode: Mode; title: string }[] = [
  { mode: 'off', title: 'Off' },
  { mode: 'proxy', title: 'proxyDHCP' },
  { mode: 'full', title: 'Full DHCP' },
]

/** On which of its networks the edge answers machines that ask to boot. */
export function Interfaces({ edge }: { edge: Edge }) {
  const queryClient = useQueryClient()
  const patching = useMutation({
    mutationFn: (change: { name: string; mode: Mode }) =>
      take(
        api.PATCH('/api/v1/edges/{edgeId}', {
          params: { path: { edgeId: edge.edgeId } },
          body: { interfaces: [change] },
        }),
      ),
    onSuccess: (_, change) =>
      showToast({
        text:
          change.mode === 'off'
            ? `${change.name} is off: no machine boots through it.`
            : `${change.name} is on: machines on that LAN can boot through it.`,
      }),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.edges }),
  })
  const { isListening, listen } = useDhcpObservation(edge)
  const [giving, setGiving] = useState<EdgeInterface | null>(null)
  if (edge.interfaces.length === 0)
    return <p className="mt-4 text-ink-soft">Its interfaces are known once it has connected.</p>
  const isAllOff = edge.interfaces.every((netInterface) => netInterface.mode === 'off')
  return (
    <div className="mt-4">
      <ul aria-label="Interfaces" className="divide-y divide-line border-y border-line">
        {edge.interfaces.map((netInterface) => (
          <Row
            key={netInterface.name}
            edge={edge}
            netInterface={netInterface}
            mode={
              patching.isPending && patching.variables.name === netInterface.name
                ? patching.variables.mode
                : netInterface.mode
            }
            isListening={isListening}
            onChange={(mode) =>
              mode === 'full' ? setGiving(netInterface) : patching.mutate({ name: netInterface.name, mode })
            }
          />
        ))}
      </ul>
      {edge.status === 'online' && (
        <Button may="edges" className="mt-3" busy={isListening} onClick={listen}>
          Listen for DHCP servers
        </Button>
      )}
      <p className="mt-2 max-w-3xl text-[0.95rem] text-ink-faint">
        {isAllOff && (
          <span className="text-wanted">
            Nothing can boot here yet: turn on the interface that your machines are on.{' '}
          </span>
        )}
        With proxyDHCP the edge tells machines on that LAN what to boot, and nothing else: addresses still
        come from your own DHCP server. With full DHCP it gives out the addresses, too, for networks that have
        no server. Machines that are not armed start from their own disk.
      </p>
      {giving && <DhcpDialog edge={edge} netInterface={giving} onClose={() => setGiving(null)} />}
    </div>
  )
}

const cannotGive = 'To give out addresses, the edge needs a fixed one of its own there.'

interface RowProps {
  edge: Edge
  netInterface: EdgeInterface
  mode: Mode
  isListening: boolean
  onChange: (mode: Mode) => void
}

function Row({ edge, netInterface, mode, isListening, onChange }: RowProps) {
  const { name, mac, address, prefixLength, up } = netInterface
  const canGive = address !== null && (prefixLength ?? 31) <= 30
  return (
    <li className="flex flex-wrap items-center gap-x-6 gap-y-2 py-2.5">
      <span className="w-16 font-mono text-[0.95rem] sm:w-36">{name}</span>
      <span className="min-w-36 grow font-mono text-[0.85rem] text-ink-soft">
        {address ? `${address}${prefixLength === null ? '' : `/${prefixLength}`}` : 'no address'}
        {mac && <span className="ml-4 text-ink-faint max-sm:hidden">{mac}</span>}
      </span>
      {!up && <span className={mode === 'off' ? 'text-ink-faint' : 'text-wanted'}>down</span>}
      <RadioGroup.Root
        aria-label={`Mode of ${name}`}
        value={mode}
        onValueChange={(value) => onChange(value as Mode)}
        className="ml-auto flex rounded-md border border-control/60 p-[3px]"
      >
        {modes.map((option) => (
          <RadioGroup.Item
            key={option.mode}
            value={option.mode}
            title={option.mode === 'full' && !canGive ? cannotGive : undefined}
            disabled={option.mode === 'full' && !canGive}
            className={`touchable rounded px-4 py-0.5 max-sm:px-2.5 disabled:opacity-40 text-ink-soft hover:text-touch data-[state=checked]:font-semibold ${option.mode === 'off' ? 'data-[state=checked]:bg-line data-[state=checked]:text-ink' : 'data-[state=checked]:bg-touch-fill data-[state=checked]:text-on-touch'}`}
          >
            {option.title}
          </RadioGroup.Item>
        ))}
      </RadioGroup.Root>
      {mode === 'full' && <Given edge={edge} netInterface={netInterface} onEdit={() => onChange('full')} />}
      <DhcpNote
        netInterface={{ ...netInterface, mode }}
        modes={modes}
        isListening={isListening}
        onMode={onChange}
      />
    </li>
  )
}

/** What the edge gives out there, and to whom it gave it. */
function Given({
  edge,
  netInterface,
  onEdit,
}: Pick<RowProps, 'edge' | 'netInterface'> & { onEdit: () => void }) {
  const { name, dhcpSettings } = netInterface
  if (!dhcpSettings) return null
  const { firstAddress, lastAddress, clients, secureBoot } = dhcpSettings
  return (
    <div className="w-full space-y-1.5">
      <p className="flex flex-wrap items-center gap-x-4 gap-y-2 text-[0.95rem] text-ink-soft">
        <span>
          Gives <span className="font-mono text-[0.85rem]">{firstAddress}</span> to{' '}
          <span className="font-mono text-[0.85rem]">{lastAddress}</span>{' '}
          {clients === 'known' ? 'to machines of this site' : 'to everyone who asks'}
          {secureBoot && '; UEFI machines start by signed GRUB, for Secure Boot'}
        </span>
        <Button
          may="edges"
          look="quiet"
          className="max-sm:-ml-4"
          onClick={onEdit}
          aria-label={`Change the addresses on ${name}`}
        >
          Change
        </Button>
      </p>
      <Leases edge={edge} interfaceName={name} />
    </div>
  )
}
