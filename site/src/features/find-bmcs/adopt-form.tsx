import { type FormEvent, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { TextField } from '../../components/field.tsx'
import { countOf } from '../../format/words.ts'
import { Choice } from '../people/person-fields.tsx'
import type { Login } from './adopt-scanned.ts'

interface AdoptFormProps {
  count: number
  busy: boolean
  onAdopt: (login: Login) => void
}

/** One login for all that are chosen. */
export function AdoptForm({ count, busy, onAdopt }: AdoptFormProps) {
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [isDefault, setIsDefault] = useState(false)
  const [tried, setTried] = useState(false)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    if (count === 0 || busy) return
    if (isDefault) onAdopt({ kind: 'default' })
    else if (username !== '') onAdopt({ kind: 'same', username, password })
  }
  return (
    <form
      onSubmit={submit}
      aria-label="Adopt"
      className="bottom-0 z-10 mt-6 sm:sticky border-t border-line bg-ground pt-4 pb-5"
    >
      <div className="grid max-w-3xl items-start gap-x-4 gap-y-3 sm:grid-cols-2">
        {!isDefault && (
          <>
            <TextField
              label="User name"
              autoCapitalize="off"
              autoComplete="off"
              spellCheck={false}
              value={username}
              onChange={(event) => setUsername(event.target.value)}
              error={tried && username === '' ? 'The BMCs want a user name.' : null}
            />
            <TextField
              label="Password"
              type="password"
              autoComplete="new-password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          </>
        )}
        <div className="sm:col-span-2">
          <Choice checked={isDefault} onChange={setIsDefault}>
            Try the maker’s default login instead
          </Choice>
          <p className="text-[0.95rem] text-ink-faint">
            {isDefault
              ? 'The edge tries what the maker documents, each at most once and with a pause, for BMCs lock their accounts. HPE gives each unit a password of its own. What is let in is sealed at the edge.'
              : 'Sealed in this browser, for each machine by itself: Dragonfly itself can’t read it.'}
          </p>
        </div>
      </div>
      <Button
        look="primary"
        type="submit"
        may="bmcs"
        className="mt-4"
        busy={busy}
        refusal={count === 0 ? 'Select what to adopt first.' : null}
      >
        {count === 0 ? 'Adopt' : `Adopt ${countOf(count, 'machine')}`}
      </Button>
    </form>
  )
}
