import { useMutation } from '@tanstack/react-query'
import type { ComponentProps } from 'react'
import { Button } from '../../components/button.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { makePasskey, type NewPasskey, type PasskeyOptions, whyNoPasskeys } from './webauthn.ts'

/**
 * A button that makes a passkey, wherever one is wanted: `begin` asks the server for the options, `finish` gets
 * what the browser made. Where there are no passkeys, it says why.
 */
export function EnrolPasskey({
  begin,
  finish,
  label = 'Make a passkey',
  look = 'primary',
  refusal,
  className,
}: {
  begin: () => Promise<PasskeyOptions>
  finish: (passkey: NewPasskey) => Promise<void>
  label?: string
  look?: ComponentProps<typeof Button>['look']
  refusal?: string | null
  className?: string
}) {
  const making = useMutation({ mutationFn: async () => finish(await makePasskey(await begin())) })
  const unavailable = whyNoPasskeys()
  return (
    <>
      <ProblemNote error={making.error} />
      <Button
        look={look}
        busy={making.isPending}
        refusal={unavailable ?? refusal ?? null}
        className={className ?? ''}
        onClick={() => making.mutate()}
      >
        {label}
      </Button>
      {unavailable && <p className="mt-2 text-[0.95rem] text-ink-faint">{unavailable}</p>}
    </>
  )
}
