import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, done, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Site, User } from '../../api/views.ts'
import { IconButton } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { Icon } from '../../components/icons.tsx'
import { Menu, MenuItem } from '../../components/menu.tsx'
import { Ago } from '../../components/time.tsx'
import { showToast } from '../../components/toast-store.ts'
import { countOf } from '../../format/words.ts'
import { SecretDialog } from '../account/secret-once.tsx'
import { PersonDialog } from './person-dialog.tsx'

export function PersonRow({ user, sites, isMe }: { user: User; sites: readonly Site[]; isMe: boolean }) {
  const [asked, setAsked] = useState<'edit' | 'delete' | null>(null)
  const [link, setLink] = useState<string | null>(null)
  return (
    <li aria-label={user.name} className={`flex items-start gap-4 py-4 ${user.active ? '' : 'opacity-60'}`}>
      <div className="min-w-0 grow">
        <p className="flex flex-wrap items-baseline gap-x-4">
          <span className="text-xl font-semibold">{user.name}</span>
          <span>{user.role}</span>
          {isMe && <span className="text-ink-faint">you</span>}
          {!user.active && <span className="text-wanted">deactivated</span>}
        </p>
        <p className="break-words text-ink-soft">
          {user.email} · {describeSites(user, sites)}
        </p>
        <p className="text-[0.95rem] text-ink-faint">
          {user.sessionCount > 0 ? (
            <>
              {countOf(user.sessionCount, 'session')}, last seen <Ago atMs={user.lastSeenAt} />
            </>
          ) : (
            'not signed in'
          )}{' '}
          · {user.mfaEnabled ? 'second factor set up' : 'no second factor'}
        </p>
      </div>
      <PersonMenu user={user} onAsk={setAsked} onLink={setLink} />
      {link && (
        <SecretDialog
          title={`Send this link to ${user.name}`}
          text={link}
          copy="Copy link"
          onClose={() => setLink(null)}
        >
          With it they make another passkey or a password. It works once, for a day, and is shown only now.
          Whoever has it gets into this account: make sure who asks.
        </SecretDialog>
      )}
      {asked === 'edit' && <PersonDialog user={user} onClose={() => setAsked(null)} />}
      {asked === 'delete' && <DeletePerson user={user} onClose={() => setAsked(null)} />}
    </li>
  )
}

interface PersonMenuProps {
  user: User
  onAsk: (what: 'edit' | 'delete') => void
  /** A link that has to reach this person. */
  onLink: (link: string) => void
}

function PersonMenu({ user, onAsk, onLink }: PersonMenuProps) {
  const queryClient = useQueryClient()
  const params = { path: { userId: user.userId } }
  const acting = useMutation({
    mutationFn: async ({ act }: { act: () => Promise<unknown>; said: string }) => act(),
    onSuccess: (_, { said }) => showToast({ text: said }),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.users }),
  })
  const resetting = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/users/{userId}/mfa', { params })),
    onSuccess: ({ link }) => {
      if (link) return onLink(link)
      const text = `${user.name} signs in by password next, and can set up another second factor.`
      showToast({ text })
    },
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.users }),
  })
  const setActive = (active: boolean): void =>
    acting.mutate({
      act: () => take(api.PATCH('/api/v1/users/{userId}', { params, body: { active } })),
      said: active ? `${user.name} may sign in again.` : `${user.name} is signed out and can’t sign in.`,
    })
  return (
    <Menu
      trigger={
        <IconButton label={`Actions on ${user.name}`}>
          <Icon name="more" />
        </IconButton>
      }
    >
      <MenuItem onSelect={() => onAsk('edit')}>Change role or sites</MenuItem>
      <MenuItem
        onSelect={() =>
          acting.mutate({
            act: () => done(api.DELETE('/api/v1/users/{userId}/sessions', { params })),
            said: `${user.name} is signed out everywhere.`,
          })
        }
      >
        Sign out everywhere
      </MenuItem>
      {user.mfaEnabled && <MenuItem onSelect={() => resetting.mutate()}>Remove second factor</MenuItem>}
      <MenuItem onSelect={() => setActive(!user.active)}>
        {user.active ? 'Deactivate' : 'Reactivate'}
      </MenuItem>
      <MenuItem onSelect={() => onAsk('delete')}>Delete</MenuItem>
    </Menu>
  )
}

function DeletePerson({ user, onClose }: { user: User; onClose: () => void }) {
  const queryClient = useQueryClient()
  const deleting = useMutation({
    mutationFn: () =>
      done(api.DELETE('/api/v1/users/{userId}', { params: { path: { userId: user.userId } } })),
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.users })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Delete ${user.name}?`}
      action="Delete"
      danger
      busy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
    >
      <p>Their sessions end, and their API keys work no more. To keep them for later, deactivate them.</p>
    </ConfirmDialog>
  )
}

function describeSites(user: User, sites: readonly Site[]): string {
  if (user.siteIds === null || user.role === 'administrator') return 'all sites'
  const names = sites.filter(({ siteId }) => user.siteIds?.includes(siteId)).map(({ name }) => name)
  return names.join(', ') || 'no site'
}
