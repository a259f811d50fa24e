import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { meQuery, sitesQuery, usersQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Page, Section } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { InvitationList } from '../../features/people/invitation-list.tsx'
import { InviteDialog } from '../../features/people/invite-dialog.tsx'
import { MfaPolicy } from '../../features/people/mfa-policy.tsx'
import { PersonRow } from '../../features/people/person-row.tsx'

export function PeoplePage() {
  const { data: users, error } = useQuery(usersQuery)
  const { data: sites = [] } = useQuery(sitesQuery)
  const { data: me } = useQuery(meQuery)
  const [inviting, setInviting] = useState(false)
  return (
    <Page
      title="People"
      lede="Who may sign in here, and what they may do."
      actions={
        <Button may="people" look="primary" onClick={() => setInviting(true)}>
          Invite somebody
        </Button>
      }
    >
      <ProblemNote error={error} />
      {users && (
        <>
          <Section title="Accounts">
            <ul className="divide-y divide-line">
              {users.map((user) => (
                <PersonRow key={user.userId} user={user} sites={sites} isMe={user.userId === me?.userId} />
              ))}
            </ul>
          </Section>
          <InvitationList />
          <MfaPolicy />
        </>
      )}
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </Page>
  )
}
