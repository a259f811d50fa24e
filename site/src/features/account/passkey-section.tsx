import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, done, take } from '../../api/client.ts'
import { keys, passkeysQuery } from '../../api/queries.ts'
import type { Me, Passkey } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { Section } from '../../components/page.tsx'
import { Ago } from '../../components/time.tsx'
import { showToast } from '../../components/toast-store.ts'
import { EnrolPasskey } from './enrol-passkey.tsx'
import { PasswordDialog } from './password-dialog.tsx'
import { RenameDialog } from './rename-dialog.tsx'
import { SecretDialog } from './secret-once.tsx'
import { describeUserAgent } from './user-agent.ts'
import { makePasskey, type NewPasskey, whyNoPasskeys } from './webauthn.ts'

export function PasskeySection({ me }: { me: Me }) {
  const queryClient = useQueryClient()
  const { data: passkeys = [] } = useQuery(passkeysQuery)
  const [asking, setAsking] = useState(false)
  const [codes, setCodes] = useState<string[] | null>(null)
  const renewing = useMutation({
    mutationFn: () => take(api.POST('/api/v1/me/recovery-codes')),
    onSuccess: (made) => setCodes(made.codes),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
  })
  const [renaming, setRenaming] = useState<Passkey | null>(null)
  const [deleting, setDeleting] = useState<Passkey | null>(null)
  const begin = (password?: string) =>
    take(api.POST('/api/v1/me/passkeys/options', { body: password === undefined ? {} : { password } }))
  const finish = async (passkey: NewPasskey): Promise<void> => {
    const name = describeUserAgent(navigator.userAgent)
    await take(api.POST('/api/v1/me/passkeys', { body: { name, passkey } }))
    showToast({ text: 'Your passkey is ready: it opens the door by itself.' })
    await queryClient.invalidateQueries({ queryKey: keys.passkeys })
    await queryClient.invalidateQueries({ queryKey: keys.me })
  }
  const needsPassword = me.hasPassword && !me.mfa.enabled
  const unavailable = whyNoPasskeys()
  return (
    <Section title="Passkeys">
      {passkeys.length === 0 && (
        <p className="max-w-2xl text-ink-soft">
          A passkey signs you in by finger, face or PIN: nothing to type, and nothing that can be given away.
        </p>
      )}
      <ul className="divide-y divide-line">
        {passkeys.map((passkey) => (
          <li
            key={passkey.passkeyId}
            aria-label={passkey.name}
            className="flex flex-wrap items-baseline gap-x-4 py-3"
          >
            <span className="font-semibold">{passkey.name}</span>
            <span className="text-[0.95rem] text-ink-faint">
              {passkey.synced ? 'on all your devices' : 'on one device'}, used{' '}
              <Ago atMs={passkey.lastUsedAt} />
            </span>
            <span className="ml-auto flex gap-2">
              <Button look="quiet" onClick={() => setRenaming(passkey)}>
                Rename
              </Button>
              <Button look="quiet" onClick={() => setDeleting(passkey)}>
                Remove
              </Button>
            </span>
          </li>
        ))}
      </ul>
      <div className="mt-4 flex flex-wrap gap-3">
        {needsPassword ? (
          <>
            <Button look="primary" refusal={unavailable} onClick={() => setAsking(true)}>
              Add a passkey
            </Button>
            {unavailable && <p className="mt-2 text-[0.95rem] text-ink-faint">{unavailable}</p>}
          </>
        ) : (
          <EnrolPasskey label="Add a passkey" look="plain" begin={() => begin()} finish={finish} />
        )}
        {passkeys.length > 0 && (
          <Button look="quiet" busy={renewing.isPending} onClick={() => renewing.mutate()}>
            Recovery codes for your passkeys
          </Button>
        )}
      </div>
      {codes && (
        <SecretDialog
          title="Recovery codes for your passkeys"
          text={codes.join('\n')}
          copy="Copy codes"
          close="I have kept them"
          onClose={() => setCodes(null)}
        >
          Each opens the door once, when your passkeys are lost{me.hasPassword ? ', with your password' : ''}.
          The older ones work no more.
        </SecretDialog>
      )}
      {asking && (
        <PasswordDialog
          onClose={() => setAsking(false)}
          onConfirm={async (password) => {
            await finish(await makePasskey(await begin(password)))
            setAsking(false)
          }}
        />
      )}
      {renaming && (
        <RenameDialog
          title={`Rename ${renaming.name}`}
          name={renaming.name}
          onClose={() => setRenaming(null)}
          onRename={async (name) => {
            const params = { path: { passkeyId: renaming.passkeyId } }
            await take(api.PATCH('/api/v1/me/passkeys/{passkeyId}', { params, body: { name } }))
            await queryClient.invalidateQueries({ queryKey: keys.passkeys })
          }}
        />
      )}
      {deleting && <DeletePasskey passkey={deleting} onClose={() => setDeleting(null)} />}
    </Section>
  )
}

function DeletePasskey({ passkey, onClose }: { passkey: Passkey; onClose: () => void }) {
  const queryClient = useQueryClient()
  const deleting = useMutation({
    mutationFn: () => {
      const params = { path: { passkeyId: passkey.passkeyId } }
      return done(api.DELETE('/api/v1/me/passkeys/{passkeyId}', { params }))
    },
    onSuccess: async () => {
      onClose()
      await queryClient.invalidateQueries({ queryKey: keys.passkeys })
      await queryClient.invalidateQueries({ queryKey: keys.me })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Remove the passkey ${passkey.name}?`}
      action="Remove"
      danger
      busy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
    >
      <p>It opens nothing here any more. Your device keeps its half until you delete it there.</p>
    </ConfirmDialog>
  )
}
