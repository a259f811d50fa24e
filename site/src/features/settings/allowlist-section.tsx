import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ApiError, sortProblem } from '../../api/problem.ts'
import { frontDoorQuery } from '../../api/queries.ts'
import type { FrontDoor } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { TextAreaField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { LockOutDialog } from './lock-out-dialog.tsx'
import { useFrontDoorChange } from './use-front-door.ts'

export function AllowlistSection() {
  const { data: frontDoor, error } = useQuery(frontDoorQuery)
  if (!frontDoor) return <ProblemNote error={error} />
  return <Allowlist key={frontDoor.allowlist.join()} frontDoor={frontDoor} />
}

function Allowlist({ frontDoor }: { frontDoor: FrontDoor }) {
  const [text, setText] = useState(frontDoor.allowlist.join('\n'))
  const changing = useFrontDoorChange(() => showToast({ text: 'The allowlist is set.' }))
  const allowlist = text.split(/[\s,]+/).filter(Boolean)
  const isChanged = allowlist.join() !== frontDoor.allowlist.join()
  const wouldLockOut = changing.error instanceof ApiError && changing.error.problem.code === 'locks-you-out'
  const problem = wouldLockOut ? null : sortProblem(changing.error, ['allowlist'])
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    changing.mutate({ allowlist })
  }
  const { yourAddress } = frontDoor
  return (
    <form onSubmit={submit} className="max-w-2xl space-y-4">
      <TextAreaField
        label="Addresses and networks, one a line"
        name="allowlist"
        rows={Math.min(12, Math.max(3, allowlist.length + 1))}
        value={text}
        onChange={(event) => setText(event.target.value)}
        placeholder={'192.0.2.0/24\n2001:db8::/32'}
        error={problem?.fields.allowlist}
        hint="Empty: from everywhere. Everybody else gets a short page that says which address was seen."
      />
      <AddressNote frontDoor={frontDoor} />
      <ProblemNote text={problem?.form ?? null} />
      <div className="flex flex-wrap gap-3">
        <Button
          look="primary"
          type="submit"
          busy={changing.isPending}
          refusal={isChanged ? null : 'Nothing was changed yet.'}
        >
          Set the allowlist
        </Button>
        {yourAddress !== null && !allowlist.includes(yourAddress) && (
          <Button look="quiet" onClick={() => setText([...allowlist, yourAddress].join('\n'))}>
            Add my address
          </Button>
        )}
      </div>
      {wouldLockOut && (
        <LockOutDialog
          yourAddress={yourAddress}
          onClose={() => changing.reset()}
          onConfirm={(confirmation) => changing.mutate({ allowlist, confirmation })}
        />
      )}
    </form>
  )
}

function AddressNote({ frontDoor }: { frontDoor: FrontDoor }) {
  const { yourAddress, trustedProxies, ignoredForwardedFor } = frontDoor
  return (
    <div className="space-y-1 text-[0.95rem] text-ink-soft">
      <p>
        You come from <span className="font-mono text-ink">{yourAddress ?? 'an unknown address'}</span>
        {trustedProxies.length > 0 && ', as the trusted proxy in front of this server says'}.
      </p>
      {ignoredForwardedFor && (
        <p className="text-wanted">
          This request passed a proxy that this server does not trust: everybody behind it seems to come from
          the address above. Start the server with DRAGONFLY_TRUSTED_PROXIES set to the proxy’s address before
          you set a list.
        </p>
      )}
    </div>
  )
}
