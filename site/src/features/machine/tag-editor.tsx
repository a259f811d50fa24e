import { type FormEvent, useState } from 'react'
import type { MachineDetail } from '../../api/views.ts'
import { Icon } from '../../components/icons.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { usePatchMachine } from './patch-machine.ts'

/** Tags as words in a row; one is added by typing it, and taken away by its cross. */
export function TagEditor({ machine }: { machine: MachineDetail }) {
  const [tag, setTag] = useState('')
  const patching = usePatchMachine(machine)
  const { tags } = machine
  const save = (next: string[], said: string): void =>
    patching.mutate({ patch: { tags: next }, back: { tags }, said }, { onSuccess: () => setTag('') })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const added = tag.trim()
    if (added && !tags.includes(added)) save([...tags, added], `Tagged ${added}.`)
  }
  return (
    <div className="mt-2 flex flex-wrap items-center gap-x-1.5 gap-y-2 text-[0.95rem]">
      {tags.length > 0 && (
        <ul aria-label="Tags" className="contents">
          {tags.map((name) => (
            <li key={name} className="flex items-center rounded-full border border-line pl-3">
              {name}
              <button
                type="button"
                aria-label={`Remove tag ${name}`}
                onClick={() =>
                  save(
                    tags.filter((other) => other !== name),
                    `The tag ${name} is gone.`,
                  )
                }
                className="touchable flex items-center justify-center px-2 py-1 text-ink-faint hover:text-failed"
              >
                <Icon name="close" size={13} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={submit} className={tags.length === 0 ? '-ml-3' : ''}>
        <input
          aria-label="Add a tag"
          value={tag}
          onChange={(event) => setTag(event.target.value)}
          maxLength={64}
          placeholder="+ tag"
          className="touchable w-24 rounded-full border border-transparent bg-transparent px-3 py-0.5 placeholder:text-ink-faint hover:border-line focus:w-40 focus:border-touch"
        />
      </form>
      <ProblemNote error={patching.error} />
    </div>
  )
}
