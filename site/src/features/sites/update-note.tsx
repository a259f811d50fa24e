import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Edge } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Mono } from '../../components/facts.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { Ago } from '../../components/time.tsx'
import { askForUpdate } from './update-dialog.tsx'

/** An edge that was told to become another version has not shown itself since: what to do next. */
export function UpdateNote({ edge }: { edge: Edge }) {
  const { hostname, status, update, version } = edge
  const isHere = status === 'online'
  return (
    <section aria-label="Update" className="mt-4 max-w-3xl border-l-[3px] border-wanted pl-4">
      <p>
        It has not come back as version {update.wanted}, which it was told to become{' '}
        <Ago atMs={update.askedAt} />.{' '}
        {isHere ? (
          <>
            It is connected, runs version {version} as before, and has not said why. Its log on {hostname}{' '}
            tells (<Mono>journalctl -u dragonfly-edge</Mono>); then ask it again.
          </>
        ) : (
          <>
            It is not connected either: look after {hostname} first. <Mono>dragonfly-edge status</Mono> on it
            says what is amiss, <Mono>systemctl restart dragonfly-edge</Mono> starts the last version that
            worked.
          </>
        )}
      </p>
      <UpdateButtons edge={edge} />
    </section>
  )
}

function UpdateButtons({ edge }: { edge: Edge }) {
  const queryClient = useQueryClient()
  const { edgeId, hostname, update } = edge
  const refresh = () => queryClient.invalidateQueries({ queryKey: keys.edges })
  const asking = useMutation({ mutationFn: () => askForUpdate(edgeId), onSettled: refresh })
  const withdrawing = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/edges/{edgeId}/update', { params: { path: { edgeId } } })),
    onSettled: refresh,
  })
  const refusal =
    edge.status !== 'online'
      ? `${hostname} is not connected: it can be asked again when it is back.`
      : update.available === null
        ? 'This control plane holds no other version any more: leave it at that.'
        : null
  return (
    <>
      <div className="mt-2 flex flex-wrap gap-3">
        <Button may="edges" refusal={refusal} busy={asking.isPending} onClick={() => asking.mutate()}>
          {update.available === update.wanted || update.available === null
            ? 'Ask again'
            : `Ask for ${update.available}`}
        </Button>
        <Button may="edges" look="quiet" busy={withdrawing.isPending} onClick={() => withdrawing.mutate()}>
          Leave it at that
        </Button>
      </div>
      <ProblemNote error={asking.error ?? withdrawing.error} />
    </>
  )
}
