import { judgeUpdate } from '@dragonfly/schema/state'
import { useState } from 'react'
import type { Edge } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Mono } from '../../components/facts.tsx'
import { Sentence } from '../../components/sentence.tsx'
import { StatusMark } from '../../components/status-mark.tsx'
import { Ago } from '../../components/time.tsx'
import { useNow } from '../../components/use-now.ts'
import { EdgePasswords } from './edge-passwords.tsx'
import { Fingerprint } from './fingerprint.tsx'
import { Interfaces } from './interfaces.tsx'
import { NewKeyDialog } from './new-key-dialog.tsx'
import { RevokeDialog } from './revoke-dialog.tsx'
import { UpdateDialog } from './update-dialog.tsx'
import { UpdateNote } from './update-note.tsx'

export function EdgeCard({ edge }: { edge: Edge }) {
  const [revoking, setRevoking] = useState(false)
  const [updating, setUpdating] = useState(false)
  const [rekeying, setRekeying] = useState(false)
  const canUpdate = edge.status === 'online' && edge.update.available !== null && edge.update.wanted === null
  const isRevoked = edge.status === 'revoked'
  const now = useNow(15_000)
  const standing = isRevoked ? 'none' : judgeUpdate({ ...edge.update, isFetching: false }, now)
  return (
    <article aria-label={`Edge ${edge.hostname}`} className="py-6">
      <header className={`flex flex-wrap items-baseline gap-x-5 gap-y-1 ${isRevoked ? 'opacity-60' : ''}`}>
        <h3 className="text-xl font-semibold">{edge.hostname}</h3>
        <StatusMark status={edge.status} />
        <span className="text-[0.95rem] text-ink-faint">
          {edge.status !== 'online' && edge.lastSeenAt !== null && (
            <>
              heard <Ago atMs={edge.lastSeenAt} /> ·{' '}
            </>
          )}
          version {edge.version}
          {edge.bundleVersion && ` · boot bundle ${edge.bundleVersion}`}
        </span>
        {!edge.upToDate && edge.status === 'online' && <span className="text-wanted">catching up</span>}
        {standing === 'under-way' && (
          <span className="text-ink-soft">
            updating to {edge.update.wanted}, asked <Ago atMs={edge.update.askedAt} />
          </span>
        )}
        {!isRevoked && (
          <span className="ml-auto flex flex-wrap items-baseline gap-x-5">
            {canUpdate && (
              <Button may="edges" look="quiet" className="text-[0.95rem]" onClick={() => setUpdating(true)}>
                Update to {edge.update.available}
              </Button>
            )}
            {edge.isKeyRequested ? (
              <span className="text-ink-soft">replacing its key</span>
            ) : (
              <Button may="edges" look="quiet" className="text-[0.95rem]" onClick={() => setRekeying(true)}>
                New key
              </Button>
            )}
            <Button may="edges" look="quiet" className="text-[0.95rem]" onClick={() => setRevoking(true)}>
              Revoke
            </Button>
          </span>
        )}
      </header>
      <div className={`mt-1 text-[0.9rem] text-ink-faint ${isRevoked ? 'opacity-60' : ''}`}>
        Fingerprint <Fingerprint value={edge.fingerprint} />, since <Ago atMs={edge.keySince} />
        {!isRevoked && (
          <p>
            {edge.sealingKeySince === null ? (
              'It has no key for passwords of BMCs yet: update it, and it makes one.'
            ) : (
              <>
                It vouches for its key for passwords of BMCs, made <Ago atMs={edge.sealingKeySince} />.
              </>
            )}
          </p>
        )}
      </div>
      <Problems edge={edge} />
      {standing === 'overdue' && <UpdateNote edge={edge} />}
      <EdgePasswords edge={edge} />
      {!isRevoked && <Interfaces edge={edge} />}
      {updating && <UpdateDialog edge={edge} onClose={() => setUpdating(false)} />}
      {rekeying && <NewKeyDialog edge={edge} onClose={() => setRekeying(false)} />}
      {revoking && <RevokeDialog edge={edge} onClose={() => setRevoking(false)} />}
    </article>
  )
}

function Problems({ edge }: { edge: Edge }) {
  if (edge.status === 'lost')
    return (
      <p className="mt-4 max-w-3xl border-l-[3px] border-failed pl-4">
        Last heard <Ago atMs={edge.lastSeenAt} />. Its machines still boot, and what was armed still runs.
        Check that the host is up, and that it can reach this server; <Mono>dragonfly-edge status</Mono> on it
        says what is amiss.
      </p>
    )
  return edge.problems.map((problem) => (
    <p key={problem.problem} className="mt-4 max-w-3xl border-l-[3px] border-wanted pl-4">
      <Sentence text={problem.message} />{' '}
      <span className="text-[0.9rem] text-ink-faint">
        <Ago atMs={problem.since} />
      </span>
    </p>
  ))
}
