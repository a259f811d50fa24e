import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, done } from '../../api/client.ts'
import { invitationsQuery, keys } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Section } from '../../components/page.tsx'
import { showToast } from '../../components/toast-store.ts'
import { formatDate } from '../../format/time.ts'

export function InvitationList() {
  const queryClient = useQueryClient()
  const { data: invitations = [] } = useQuery(invitationsQuery)
  const withdrawing = useMutation({
    mutationFn: (invitationId: string) =>
      done(api.DELETE('/api/v1/invitations/{invitationId}', { params: { path: { invitationId } } })),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.invitations }),
  })
  if (invitations.length === 0) return null
  return (
    <Section title="Invited">
      <ul className="divide-y divide-line">
        {invitations.map((invitation) => (
          <li key={invitation.invitationId} className="flex flex-wrap items-baseline gap-x-4 py-3">
            <span>{invitation.email}</span>
            <span className="text-ink-soft">{invitation.role}</span>
            <span className="text-[0.95rem] text-ink-faint">
              by {invitation.invitedBy}, until {formatDate(invitation.expiresAt, Date.now())}
            </span>
            <Button
              look="quiet"
              className="ml-auto"
              onClick={() => withdrawing.mutate(invitation.invitationId)}
            >
              Withdraw
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  )
}
