import { recommendInterfaceMode } from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api, done } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Edge, EdgeInterface } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Sentence } from '../../components/sentence.tsx'
import { Ago } from '../../components/time.tsx'
import { showToast } from '../../components/toast-store.ts'

/** A round of listening, and its way back. */
const patienceMs = 20_000

/** Asks an edge to listen for DHCP servers; `isListening` until it has told what it heard, or should have. */
export function useDhcpObservation(edge: Edge) {
  const queryClient = useQueryClient()
  const [since, setSince] = useState<string | null>(null)
  const heard = JSON.stringify(edge.interfaces.map(({ dhcp }) => dhcp?.listenedAt ?? null))
  const asking = useMutation({
    mutationFn: () =>
      done(
        api.POST('/api/v1/edges/{edgeId}/dhcp-observation', { params: { path: { edgeId: edge.edgeId } } }),
      ),
    onMutate: () => setSince(heard),
    onError: (error) => {
      setSince(null)
      showToast({ text: error.message, tone: 'failed' })
    },
  })
  const isListening = since !== null && since === heard
  useEffect(() => {
    if (!isListening) return
    const giveUp = setTimeout(() => {
      setSince(null)
      void queryClient.invalidateQueries({ queryKey: keys.edges })
    }, patienceMs)
    return () => clearTimeout(giveUp)
  }, [isListening, queryClient])
  return { isListening, listen: () => asking.mutate() }
}

/** Where an edge cannot hand out addresses itself. */
const nobody =
  'Nobody hands out addresses here. Machines need a DHCP server on this LAN: set one up, and listen again.'

interface DhcpNoteProps {
  netInterface: EdgeInterface
  /** The modes that can be chosen. */
  modes: readonly { mode: EdgeInterface['mode']; title: string }[]
  isListening: boolean
  onMode: (mode: EdgeInterface['mode']) => void
}

/** What was heard on one interface, and the mode that follows from it. */
export function DhcpNote({ netInterface, modes, isListening, onMode }: DhcpNoteProps) {
  const { name, dhcp, address } = netInterface
  if (address === null) return null
  if (isListening) return <p className="w-full text-[0.95rem] text-ink-soft">Listening for DHCP servers…</p>
  if (!dhcp) return null
  const { mode, sentence } = recommendInterfaceMode(dhcp)
  const offered = modes.find((option) => option.mode === mode)
  const isNew = offered && offered.mode !== netInterface.mode
  return (
    <div className="flex w-full flex-wrap items-center gap-x-4 gap-y-2 text-[0.95rem]">
      <p className={dhcp.failure === null ? 'text-ink-soft' : 'text-wanted'}>
        <Sentence text={mode === null || offered ? sentence : nobody} />{' '}
        <span className="text-[0.9rem] text-ink-faint">
          <Ago atMs={dhcp.listenedAt} />
        </span>
      </p>
      {isNew && (
        <Button
          may="edges"
          onClick={() => onMode(offered.mode)}
          aria-label={`Use ${offered.title} on ${name}`}
        >
          Use {offered.title}
        </Button>
      )}
    </div>
  )
}
