import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { edgePasswordsQuery } from '../../api/queries.ts'
import type { Edge, EdgePasswords as Passwords } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { countOf } from '../../format/words.ts'
import { SharePasswordsDialog } from './share-passwords-dialog.tsx'

const listed = 8

/** Which passwords of BMCs an edge can't open yet, with what helps; of a revoked one, which it may know. */
export function EdgePasswords({ edge }: { edge: Edge }) {
  const { data } = useQuery(edgePasswordsQuery(edge.edgeId))
  if (!data) return null
  if (edge.status === 'revoked') return <Known hostname={edge.hostname} known={data.known} />
  return data.hasKey ? <Closed edge={edge} passwords={data} /> : null
}

function Closed({ edge, passwords }: { edge: Edge; passwords: Passwords }) {
  const [sharing, setSharing] = useState(false)
  const { closed, outdated, lost } = passwords
  const helped = closed - lost.length + outdated
  if (closed + outdated === 0) return null
  return (
    <section aria-label="Passwords of BMCs" className="mt-4 max-w-3xl border-l-[3px] border-wanted pl-4">
      {closed > 0 && <p>This edge can’t open {countOf(closed, 'BMC password')} yet.</p>}
      {outdated > 0 && (
        <p>
          {countOf(outdated, 'BMC password')} still {outdated === 1 ? 'needs' : 'need'} its key of before.
        </p>
      )}
      {passwords.sharing > 0 && (
        <p className="text-ink-soft">
          {countOf(passwords.sharing, 'password')} on the way, as soon as an edge that can open{' '}
          {passwords.sharing === 1 ? 'it' : 'them'} is there.
        </p>
      )}
      {helped > passwords.sharing && (
        <Button may="settings" className="mt-2" onClick={() => setSharing(true)}>
          Share with this edge
        </Button>
      )}
      {lost.length > 0 && (
        <p className="mt-2 text-ink-soft">
          No edge here can open {lost.length === 1 ? 'one' : 'some'} of them: enter the password again of{' '}
          <Machines machines={lost} />
        </p>
      )}
      {sharing && <SharePasswordsDialog edge={edge} count={helped} onClose={() => setSharing(false)} />}
    </section>
  )
}

function Known({ hostname, known }: { hostname: string; known: Passwords['known'] }) {
  if (known.length === 0) return null
  return (
    <section aria-label="Passwords of BMCs" className="mt-4 max-w-3xl border-l-[3px] border-wanted pl-4">
      <p>
        {hostname} could read the {known.length === 1 ? 'BMC’s password' : 'BMC passwords'} of{' '}
        <Machines machines={known} /> Change {known.length === 1 ? 'it' : 'them'} on the{' '}
        {known.length === 1 ? 'BMC' : 'BMCs'}, then enter what is new here.
      </p>
    </section>
  )
}

/** Their names as links, with a full stop; the first few of many. */
export function Machines({ machines }: { machines: Passwords['known'] }) {
  const shown = machines.slice(0, listed)
  return (
    <>
      {shown.map(({ machineId, name }, index) => (
        <span key={machineId}>
          {index > 0 && ', '}
          <Link
            to="/machines/$machineId"
            params={{ machineId }}
            className="text-touch break-words hover:underline"
          >
            {name}
          </Link>
        </span>
      ))}
      {machines.length > shown.length && ` and ${countOf(machines.length - shown.length, 'more', 'more')}`}.
    </>
  )
}
