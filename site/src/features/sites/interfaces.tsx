import { useMutation, useQueryClient } from '@tanstack/react-query'
import { RadioGroup } from 'radix-ui'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Edge, EdgeInterface } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { showToast } from '../../components/toast-store.ts'
import { DhcpNote, useDhcpObservation } from './dhcp-note.tsx'

type Mode = EdgeInterface['mode']
const modes: readonly { mode: Mode; title: string }[] = [
  { mode: 'off', title: 'Off' },
  { mode: 'proxy', title: 'proxyDHCP' },
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
  if (edge.interfaces.length === 0)
    return <p className="mt-4 text-ink-soft">Its interfaces are known once it has connected.</p>
  const isAllOff = edge.interfaces.every((netInterface) => netInterface.mode === 'off')
  return (
    <div className="mt-4">
      <ul aria-label="Interfaces" className="divide-y divide-line border-y border-line">
        {edge.interfaces.map((netInterface) => (
          <Row
            key={netInterface.name}
            netInterface={netInterface}
            mode={
              patching.isPending && patching.variables.name === netInterface.name
                ? patching.variables.mode
                : netInterface.mode
            }
            isListening={isListening}
            onChange={(mode) => patching.mutate({ name: netInterface.name, mode })}
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
        come from your own DHCP server, and machines that are not armed start from their own disk.
      </p>
    </div>
  )
}

interface RowProps {
  netInterface: EdgeInterface
  mode: Mode
  isListening: boolean
  onChange: (mode: Mode) => void
}

function Row({ netInterface, mode, isListening, onChange }: RowProps) {
  const { name, mac, address, prefixLength, up } = netInterface
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
            className={`touchable rounded px-4 py-0.5 text-ink-soft hover:text-touch data-[state=checked]:font-semibold ${option.mode === 'off' ? 'data-[state=checked]:bg-line data-[state=checked]:text-ink' : 'data-[state=checked]:bg-touch-fill data-[state=checked]:text-on-touch'}`}
          >
            {option.title}
          </RadioGroup.Item>
        ))}
      </RadioGroup.Root>
      <DhcpNote netInterface={netInterface} modes={modes} isListening={isListening} onMode={onChange} />
    </li>
  )
}
