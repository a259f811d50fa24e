import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { frontDoorQuery } from '../../api/queries.ts'
import type { FrontDoor } from '../../api/views.ts'
import { ProblemNote } from '../../components/problem-note.tsx'
import { useFrontDoorChange } from './use-front-door.ts'

const modes: readonly { mode: FrontDoor['frontPage']; title: string; sentence: string }[] = [
  {
    mode: 'open',
    title: 'Open',
    sentence:
      'Anybody sees how many machines there are and how the last deployments went: numbers only, no name, address or serial number.',
  },
  {
    mode: 'signed-in',
    title: 'Signed in',
    sentence: 'Strangers see the sign-in. Whoever has an account sees the panel.',
  },
  {
    mode: 'administrators',
    title: 'Administrators only',
    sentence: 'Everybody else sees a sentence that says so; their API keys are refused, too.',
  },
]

export function FrontPageSection() {
  const { data: frontDoor, error } = useQuery(frontDoorQuery)
  // At once, not when the request is on its way: a radio button does not jump back.
  const [picked, setPicked] = useState<FrontDoor['frontPage'] | null>(null)
  const changing = useFrontDoorChange()
  if (!frontDoor) return <ProblemNote error={error} />
  const chosen = picked ?? frontDoor.frontPage
  const choose = (mode: FrontDoor['frontPage']): void => {
    setPicked(mode)
    changing.mutate({ frontPage: mode }, { onSettled: () => setPicked(null) })
  }
  return (
    <fieldset className="max-w-2xl space-y-1 border-0">
      <legend className="sr-only">Front page</legend>
      {modes.map(({ mode, title, sentence }) => (
        <label
          key={mode}
          className="touchable -mx-3 flex cursor-pointer items-start gap-3 rounded-md px-3 py-2 hover:bg-hover"
        >
          <input
            type="radio"
            name="front-page"
            className="mt-1.5 accent-touch"
            checked={chosen === mode}
            onChange={() => choose(mode)}
          />
          <span>
            <span className="block font-semibold">{title}</span>
            <span className="block text-ink-soft">{sentence}</span>
          </span>
        </label>
      ))}
      <ProblemNote error={changing.error} />
    </fieldset>
  )
}
