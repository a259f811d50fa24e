import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import { useRefusal } from '../../api/use-refusal.ts'
import type { BulkResult, Machine } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { showToast } from '../../components/toast-store.ts'
import { capitalise, countOf } from '../../format/words.ts'
import { DeleteMany } from '../bulk/delete-many.tsx'
import { DeployMany } from '../bulk/deploy-many.tsx'
import { inParts } from '../bulk/in-parts.ts'
import { LockMany, UnlockMany } from '../bulk/lock-many.tsx'
import { PowerMany, PowerMenu, type PowerWish } from '../bulk/power-many.tsx'
import { bulkRefusal, describeResult, refusedOf, type Split, splitByRefusal } from '../bulk/split.ts'
import { refusal } from '../machine/facts.ts'

interface SelectionBarProps {
  machines: readonly Machine[]
  onClear: () => void
}

/** What is asked, of the machines as they were when it was asked. */
type Asked =
  | { of: 'deploy' | 'lock' | 'unlock' | 'delete'; split: Split }
  | { of: 'power'; wish: PowerWish; machines: readonly Machine[] }
  | 'abort'
  | null

const dialogs = { deploy: DeployMany, lock: LockMany, unlock: UnlockMany, delete: DeleteMany } as const

/** What can be done to several machines at once. */
export function SelectionBar({ machines, onClear }: SelectionBarProps) {
  const [asked, setAsked] = useState<Asked>(null)
  const abortable = machines.filter((machine) => refusal('abort', machine) === null)
  const close = (): void => setAsked(null)
  const finish = (): void => {
    setAsked(null)
    onClear()
  }
  return (
    <section
      aria-label="Selection"
      className="fixed inset-x-4 bottom-20 z-30 mx-auto flex w-fit max-w-[calc(100vw-2rem)] flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border border-line bg-raised px-4 py-2.5 shadow-float max-sm:w-auto max-sm:flex-nowrap max-sm:overflow-x-auto max-sm:[&>*]:shrink-0 md:bottom-6"
    >
      <span className="num font-semibold" aria-live="polite">
        {countOf(machines.length, 'machine')} selected
      </span>
      <AdoptMany machines={machines} onDone={onClear} />
      <ManyButtons machines={machines} onAsk={setAsked}>
        {abortable.length > 0 && (
          <Button may="deploy" onClick={() => setAsked('abort')}>
            Abort {abortable.length}
          </Button>
        )}
        <TagForm machines={machines} />
      </ManyButtons>
      <Button look="quiet" onClick={onClear}>
        Clear
      </Button>
      {asked === 'abort' && <AbortMany machines={abortable} onClose={close} onDone={finish} />}
      {asked !== null && asked !== 'abort' && <ManyDialog asked={asked} onClose={close} onDone={finish} />}
    </section>
  )
}

function ManyDialog({
  asked,
  ...rest
}: {
  asked: Exclude<Asked, 'abort' | null>
  onClose: () => void
  onDone: () => void
}) {
  if (asked.of === 'power') return <PowerMany wish={asked.wish} machines={asked.machines} {...rest} />
  const Many = dialogs[asked.of]
  return <Many split={asked.split} {...rest} />
}

interface ManyButtonsProps {
  machines: readonly Machine[]
  onAsk: (asked: Asked) => void
  /** Between what is done often and what is not. */
  children: ReactNode
}

function ManyButtons({ machines, onAsk, children }: ManyButtonsProps) {
  const deploy = splitByRefusal('deploy', machines)
  const remove = splitByRefusal('delete', machines)
  const locks = (['lock', 'unlock'] as const).map((of) => ({ of, split: splitByRefusal(of, machines) }))
  const lockRefusal = useRefusal('settings') && 'Only an administrator may lock or unlock machines.'
  return (
    <>
      <Button
        may="deploy"
        refusal={bulkRefusal(deploy)}
        onClick={() => onAsk({ of: 'deploy', split: deploy })}
      >
        Deploy {deploy.able.length || ''}
      </Button>
      <PowerMenu onChoose={(wish) => onAsk({ of: 'power', wish, machines })} />
      {children}
      {locks.map(
        ({ of, split }) =>
          split.able.length > 0 && (
            <Button
              key={of}
              look="quiet"
              refusal={lockRefusal ?? bulkRefusal(split)}
              onClick={() => onAsk({ of, split })}
            >
              {capitalise(of)} {split.able.length}
            </Button>
          ),
      )}
      <Button
        may="delete"
        look="quiet"
        refusal={bulkRefusal(remove)}
        onClick={() => onAsk({ of: 'delete', split: remove })}
      >
        Delete {remove.able.length || ''}
      </Button>
    </>
  )
}

const idsOf = (machines: readonly Machine[]): string[] => machines.map(({ machineId }) => machineId)

function AdoptMany({ machines, onDone }: { machines: readonly Machine[]; onDone: () => void }) {
  const queryClient = useQueryClient()
  const adoptable = machines.filter((machine) => refusal('adopt', machine) === null)
  const adopting = useMutation({
    mutationFn: () =>
      inParts(idsOf(adoptable), (machineIds) =>
        take(api.POST('/api/v1/bulk/adopt', { body: { machineIds } })),
      ),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSuccess: async (result) => {
      tellResult(result, 'adopted')
      onDone()
      await queryClient.invalidateQueries({ queryKey: keys.machines })
    },
  })
  if (adoptable.length === 0) return null
  return (
    <Button may="operate" look="primary" busy={adopting.isPending} onClick={() => adopting.mutate()}>
      Adopt {adoptable.length}
    </Button>
  )
}

/** The first reason stands for all: there is room for one. */
function tellResult(result: BulkResult, done: string): void {
  const [first] = refusedOf(result)
  showToast(
    first
      ? { text: `${describeResult(result, done)} ${first.name}: ${first.note}`, tone: 'failed' }
      : { text: describeResult(result, done) },
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
      inParts(idsOf(machines), (machineIds) =>
        take(api.POST('/api/v1/bulk/abort', { body: { machineIds } })),
      ),
    onSuccess: async (result) => {
      tellResult(result, 'told to stop')
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
  const change = (body: { add?: string[]; remove?: string[] }, of: readonly Machine[]) =>
    take(api.POST('/api/v1/bulk/tags', { body: { machineIds: idsOf(of), ...body } }))
  const tagging = useMutation({
    mutationFn: (added: string) => change({ add: [added] }, machines),
    onSuccess: (result, added) => {
      setTag('')
      const untagged = machines.filter((machine) => !machine.tags.includes(added))
      showToast({
        text: describeResult(result, `tagged ${added}`),
        ...(untagged.length > 0
          ? { undo: () => void change({ remove: [added] }, untagged).then(refresh) }
          : {}),
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
