import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { recoveryKeyQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Mono } from '../../components/facts.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { Ago } from '../../components/time.tsx'
import { RecoveryKeyDialog } from './recovery-key-dialog.tsx'

/** Whether there is a recovery key, and how to make one. */
export function RecoveryKeySection() {
  const { data, error } = useQuery(recoveryKeyQuery)
  const [making, setMaking] = useState(false)
  if (!data) return <ProblemNote error={error} />
  const key = data.recoveryKey
  return (
    <div className="max-w-2xl space-y-4">
      {key ? (
        <p>
          {key.createdBy} made one <Ago atMs={key.createdAt} />. Its sheet begins with{' '}
          <Mono>{key.kid.slice(0, 8)}</Mono>. What is entered from then on is sealed to it, too.
        </p>
      ) : (
        <p>There is none. If every edge of a site is lost, so are the passwords of its BMCs.</p>
      )}
      <div className="flex flex-wrap gap-3">
        <Button look={key ? 'plain' : 'primary'} onClick={() => setMaking(true)}>
          {key ? 'Replace it' : 'Make a recovery key'}
        </Button>
        {key && (
          <a
            href="/api/v1/sealed-credentials"
            download="sealed-passwords.json"
            className="touchable inline-flex items-center px-3 text-touch hover:underline"
          >
            Download sealed passwords
          </a>
        )}
      </div>
      {key && (
        <p className="text-ink-soft">
          The download is ciphertext. <Mono>dragonfly-edge recover sealed-passwords.json</Mono> opens it on
          any computer, offline, with the words on the sheet.
        </p>
      )}
      {making && <RecoveryKeyDialog replaces={key?.kid ?? null} onClose={() => setMaking(false)} />}
    </div>
  )
}
