import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, done } from '../../api/client.ts'
import { keys, sessionsQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Section } from '../../components/page.tsx'
import { Ago } from '../../components/time.tsx'
import { showToast } from '../../components/toast-store.ts'
import { describeUserAgent } from './user-agent.ts'

export function SessionSection() {
  const queryClient = useQueryClient()
  const { data: sessions = [] } = useQuery(sessionsQuery)
  const onError = (error: Error): void => showToast({ text: error.message, tone: 'failed' })
  const ending = useMutation({
    mutationFn: (sessionId: string) =>
      done(api.DELETE('/api/v1/me/sessions/{sessionId}', { params: { path: { sessionId } } })),
    onError,
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.sessions }),
  })
  const endingAll = useMutation({
    mutationFn: () => done(api.DELETE('/api/v1/me/sessions')),
    onError,
    onSettled: () => queryClient.invalidateQueries(),
  })
  return (
    <Section
      title="Where you are signed in"
      aside={
        <Button look="quiet" busy={endingAll.isPending} onClick={() => endingAll.mutate()}>
          Sign out everywhere
        </Button>
      }
    >
      <ul className="divide-y divide-line">
        {sessions.map((session) => (
          <li key={session.sessionId} className="flex flex-wrap items-baseline gap-x-4 py-3">
            <span title={session.userAgent ?? undefined}>{describeUserAgent(session.userAgent)}</span>
            {session.address && (
              <span className="font-mono text-[0.85em] text-ink-soft">{session.address}</span>
            )}
            <span className="text-[0.95rem] text-ink-faint">
              signed in <Ago atMs={session.signedInAt} />
            </span>
            {session.current ? (
              <span className="ml-auto text-ink-faint">this one</span>
            ) : (
              <Button look="quiet" className="ml-auto" onClick={() => ending.mutate(session.sessionId)}>
                End
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Section>
  )
}
