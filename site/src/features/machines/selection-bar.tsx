import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Machine } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { showToast } from '../../components/toast-store.ts'
import { countOf } from '../../format/words.ts'
import { refusal } from '../machine/facts.ts'

/** What can be done to several machines at once. */
export function SelectionBar({ machines, onClear }: { machines: readonly Machine[]; onClear: () => void }) {
  const queryClient = useQueryClient()
  const [tag, setTag] = useState('')
  const adoptable = machines.filter((machine) => refusal('adopt', machine) === null)
  const refresh = () => queryClient.invalidateQueries({ queryKey: keys.machines })

  const adopting = useMutation({
    mutationFn: () =>
      Promise.allSettled(
        adoptable.map(({ machineId }) =>
          take(api.POST('/api/v1/machines/{machineId}/adopt', { params: { path: { machineId } }, body: {} })),
        ),
      ),
    onSuccess: async (results) => {
      const failed = results.filter((result) => result.status === 'rejected').length
      showToast({
        text: failed
          ? `${countOf(failed, 'machine')} could not be adopted.`
          : `${countOf(results.length, 'machine')} adopted.`,
        tone: failed ? 'failed' : undefined,
      })
      onClear()
      await refresh()
    },
  })
  const setTags = (tagsOf: (machine: Machine) => string[]) =>
    Promise.all(
      machines.map((machine) =>
        take(
          api.PATCH('/api/v1/machines/{machineId}', {
            params: { path: { machineId: machine.machineId } },
            body: { tags: tagsOf(machine) },
          }),
        ),
      ),
    )
  const tagging = useMutation({
    mutationFn: (added: string) => setTags((machine) => [...new Set([...machine.tags, added])]),
    onSuccess: async (_, added) => {
      setTag('')
      showToast({
        text: `${countOf(machines.length, 'machine')} tagged ${added}.`,
        undo: () => void setTags((machine) => machine.tags).then(refresh),
      })
      await refresh()
    },
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
  })
  const submitTag = (event: FormEvent): void => {
    event.preventDefault()
    if (tag.trim()) tagging.mutate(tag.trim())
  }
  return (
    <section
      aria-label="Selection"
      className="fixed inset-x-4 bottom-20 z-30 mx-auto flex w-fit max-w-[calc(100vw-2rem)] flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border border-line bg-raised px-4 py-2.5 shadow-float md:bottom-6"
    >
      <span className="num font-semibold">{countOf(machines.length, 'machine')} selected</span>
      <Button
        may="operate"
        look="primary"
        busy={adopting.isPending}
        refusal={adoptable.length === 0 ? 'All of these are adopted already.' : null}
        onClick={() => adopting.mutate()}
      >
        Adopt {adoptable.length > 0 ? adoptable.length : ''}
      </Button>
      <form onSubmit={submitTag} className="flex items-center gap-2">
        <input
          aria-label="Tag to add"
          value={tag}
          onChange={(event) => setTag(event.target.value)}
          placeholder="Add a tag"
          maxLength={64}
          className="touchable w-32 rounded-md border border-control/70 bg-ground px-3 py-1.5"
        />
      </form>
      <Button look="quiet" onClick={onClear}>
        Clear
      </Button>
    </section>
  )
}
