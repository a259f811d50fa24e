import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys, meQuery, safetyQuery } from '../../api/queries.ts'
import { showToast } from '../../components/toast-store.ts'
import { useNow } from '../../components/use-now.ts'
import { formatDuration } from '../../format/time.ts'

const looks = {
  safe: 'border-line text-ink-soft hover:border-control hover:text-ink',
  power: 'border-wanted text-wanted',
}

/** "🧸 Safe" or "⚡ Power", top right; pressing it switches to the other. */
export function SafetyToggle() {
  const queryClient = useQueryClient()
  const now = useNow(15_000)
  const { data: me } = useQuery(meQuery)
  const { data: safety } = useQuery(safetyQuery)
  const switching = useMutation({
    mutationFn: (mode: 'safe' | 'power') => take(api.PUT('/api/v1/safety/mode', { body: { mode } })),
    onSuccess: (changed) => queryClient.setQueryData(keys.safety, changed),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
  })
  if (!safety || me?.role === 'viewer') return null
  const isPower = safety.mode === 'power' && (safety.powerUntil ?? 0) > now
  const left = isPower ? formatDuration((safety.powerUntil ?? now) - now) : null
  return (
    <button
      type="button"
      aria-busy={switching.isPending || undefined}
      title={
        left
          ? `Power mode: dangerous actions are confirmed once. Safe again by itself in ${left}.`
          : 'Safe mode: dangerous actions are confirmed by click and hold.'
      }
      onClick={() => switching.mutate(isPower ? 'safe' : 'power')}
      className={`touchable mr-1 rounded-md border px-2.5 py-1 whitespace-nowrap ${looks[isPower ? 'power' : 'safe']}`}
    >
      {isPower ? '⚡ Power' : '🧸 Safe'}
      {left && <span className="num ml-1.5 text-[0.85rem] max-sm:hidden">{left}</span>}
    </button>
  )
}
