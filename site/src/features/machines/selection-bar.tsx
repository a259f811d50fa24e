import { isActive } from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { forEachInTurn } from '../../api/in-turn.ts'
import { keys } from '../../api/queries.ts'
import type { Machine } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { showToast } from '../../components/toast-store.ts'
import { countOf } from '../../format/words.ts'
import { refusal } from '../machine/facts.ts'

interface SelectionBarProps {
  machines: readonly Machine[]
  onClear: () => void
}

/** What can be done to several machines at once. */
export function SelectionBar({ machines, onClear }: SelectionBarProps) {
  const queryClient = useQueryClient()
  const [aborting, setAborting] = useState(false)
  const [doneCount, setDoneCount] = useState(0)
  const adoptable = machines.filter((machine) => refusal('adopt', machine) === null)
  const abortable = machines.filter((machine) => refusal('abort', machine) === null)

  const adopting = useMutation({
    mutationFn: () =>
      forEachInTurn(
        adoptable,
        ({ machineId }) =>
          take(api.POST('/api/v1/machines/{machineId}/adopt', { params: { path: { machineId } }, body: {} })),
        setDoneCount,
      ),
    onSuccess: async ({ failed, error }) => {
      tellResult(adoptable.length, failed, error, 'adopted')
      onClear()
      await queryClient.invalidateQueries({ queryKey: keys.machines })
    },
  })
  return (
    <section
      aria-label="Selection"
      className="fixed inset-x-4 bottom-20 z-30 mx-auto flex w-fit max-w-[calc(100vw-2rem)] flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border border-line bg-raised px-4 py-2.5 shadow-float md:bottom-6"
    >
      <span className="num font-semibold" aria-live="polite">
        {adopting.isPending && adoptable.length > 20
          ? `Adopting ${doneCount} of ${adoptable.length} …`
          : `${countOf(machines.length, 'machine')} selected`}
      </span>
      <Button
        may="operate"
        look="primary"
        busy={adopting.isPending}
        refusal={adoptable.length === 0 ? 'All of these are adopted already.' : null}
        onClick={() => adopting.mutate()}
      >
        Adopt {adoptable.length > 0 ? adoptable.length : ''}
      </Button>
      {abortable.length > 0 && <Button onClick={() => setAborting(true)}>Abort {abortable.length}</Button>}
      <TagForm machines={machines} />
      <Button look="quiet" onClick={onClear}>
        Clear
      </Button>
      {aborting && (
        <AbortMany
          machines={abortable}
          onClose={() => setAborting(false)}
          onDone={() => {
            setAborting(false)
            onClear()
          }}
        />
      )}
    </section>
  )
}

function tellResult(count: number, failed: number, error: unknown, done: string): void {
  const why = error instanceof Error ? ` ${error.message}` : ''
  showToast(
    failed
      ? { text: `${countOf(failed, 'machine')} of ${count} could not be ${done}.${why}`, tone: 'failed' }
      : { text: `${countOf(count, 'machine')} ${done}.` },
  )
}

function AbortMany({
  machines,
  onClose,
  onDone,
}: {
  machines: readonly Machine[]
  onClose: () => void
  onDone: () => void
}) {
  const queryClient = useQueryClient()
  const begun = machines.filter(({ deployment }) => deployment?.bytesDone).length
  const aborting = useMutation({
    mutationFn: () =>
      forEachInTurn(machines, async ({ deployment }) => {
        if (!deployment || !isActive(deployment.status)) return
        const { deploymentId } = deployment
        await take(
          api.POST('/api/v1/deployments/{deploymentId}/abort', { params: { path: { deploymentId } } }),
        )
      }),
    onSuccess: async ({ failed, error }) => {
      tellResult(machines.length, failed, error, 'told to stop')
      onDone()
      await queryClient.invalidateQueries({ queryKey: keys.machines })
      await queryClient.invalidateQueries({ queryKey: keys.deployments })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Abort ${countOf(machines.length, 'deployment')}?`}
      action="Abort"
      danger
      busy={aborting.isPending}
      error={aborting.error}
      onConfirm={() => aborting.mutate()}
    >
      <p>
        {begun === 0
          ? 'Nothing has been written to their disks yet: they boot what they booted before.'
          : `The disks of ${countOf(begun, 'machine')} have been written to already: those will not boot from them.`}
      </p>
      <p className="break-words text-ink-soft">{listNames(machines)}</p>
    </ConfirmDialog>
  )
}

function listNames(machines: readonly Machine[]): string {
  const shown = machines.slice(0, 8).map((machine) => machine.name)
  const more = machines.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function TagForm({ machines }: { machines: readonly Machine[] }) {
  const queryClient = useQueryClient()
  const [tag, setTag] = useState('')
  const refresh = () => queryClient.invalidateQueries({ queryKey: keys.machines })
  const setTags = async (tagsOf: (machine: Machine) => string[]): Promise<void> => {
    const { failed, error } = await forEachInTurn(machines, (machine) =>
      take(
        api.PATCH('/api/v1/machines/{machineId}', {
          params: { path: { machineId: machine.machineId } },
          body: { tags: tagsOf(machine) },
        }),
      ),
    )
    if (failed > 0) throw error
  }
  const tagging = useMutation({
    mutationFn: (added: string) => setTags((machine) => [...new Set([...machine.tags, added])]),
    onSuccess: (_, added) => {
      setTag('')
      showToast({
        text: `${countOf(machines.length, 'machine')} tagged ${added}.`,
        undo: () => void setTags((machine) => machine.tags).then(refresh),
      })
    },
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSettled: refresh,
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (tag.trim()) tagging.mutate(tag.trim())
  }
  return (
    <form onSubmit={submit} className="flex items-center gap-2">
      <input
        aria-label="Tag to add"
        value={tag}
        onChange={(event) => setTag(event.target.value)}
        placeholder="Add a tag"
        maxLength={64}
        className="touchable w-32 rounded-md border border-control/70 bg-ground px-3 py-1.5"
      />
    </form>
  )
}
