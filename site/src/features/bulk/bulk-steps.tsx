import { typedCountAbove } from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { keys } from '../../api/queries.ts'
import type { BulkResult, Machine } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { DialogActions } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { separateWords } from '../../format/words.ts'
import { MachineNames } from './machine-names.tsx'
import { bulkRefusal, describeResult, type NamedMachine, refusedOf, type Split } from './split.ts'

interface BulkStepsProps extends Split {
  /** Above the names: what becomes of these machines. */
  children: ReactNode
  action: string
  danger?: boolean
  /** Why it can't be done yet, besides the machines themselves. */
  refusal?: string | null
  /** As in "8 machines deleted". */
  done: string
  back: { label: string; go: () => void }
  run: (machineIds: string[]) => Promise<BulkResult>
  /** Something was done, and its result has been read. */
  onDone: () => void
}

/** Names the machines, counts them, has the count typed where much would be lost, and tells what was refused. */
export function BulkSteps(props: BulkStepsProps) {
  const { able, refused, action, danger, back, children } = props
  const [typed, setTyped] = useState('')
  const running = useBulk(props)
  const wantsCount = danger === true && able.length > typedCountAbove
  const isWrong = wantsCount && typed.trim() !== String(able.length)
  const refusal =
    bulkRefusal(props) ?? props.refusal ?? (isWrong ? 'Type the number of machines first.' : null)
  if (running.data) return <Refused result={running.data} done={props.done} onDone={props.onDone} />
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (refusal === null && !running.isPending) running.mutate()
      }}
    >
      <div className="space-y-4 text-lg">
        {children}
        {able.length > 0 && <MachineNames label="Machines" machines={able.map(named)} shownRows={6} />}
        {refused.length > 0 && (
          <div className="space-y-2">
            <p className="text-wanted">
              {refused.length === 1
                ? 'One is left out:'
                : `${refused.length.toLocaleString('en-GB')} are left out:`}
            </p>
            <MachineNames label="Left out" machines={refused} shownRows={3} />
          </div>
        )}
        {wantsCount && (
          <TextField
            label={`How many machines are these? Type ${able.length} to go on.`}
            inputMode="numeric"
            autoComplete="off"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            error={
              typed.trim().length >= String(able.length).length && isWrong ? 'That is another number.' : null
            }
          />
        )}
      </div>
      <ProblemNote error={running.error} />
      <DialogActions>
        <Button look="quiet" onClick={back.go}>
          {back.label}
        </Button>
        <Button type="submit" look={danger ? 'danger' : 'primary'} busy={running.isPending} refusal={refusal}>
          {action}
        </Button>
      </DialogActions>
    </form>
  )
}

function named(machine: Machine): NamedMachine {
  const words = separateWords(machine.fourWords)
  const isNamed = machine.name !== machine.fourWords
  return { machineId: machine.machineId, name: machine.name, note: isNamed ? words : machine.siteName }
}

function useBulk({ able, run, done, onDone }: BulkStepsProps) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () => run(able.map(({ machineId }) => machineId)),
    onSuccess: async (result) => {
      if (refusedOf(result).length === 0) {
        showToast({ text: describeResult(result, done) })
        onDone()
      }
      await Promise.all(
        [keys.machines, keys.deployments, keys.sites].map((queryKey) =>
          queryClient.invalidateQueries({ queryKey }),
        ),
      )
    },
  })
}

function Refused({ result, done, onDone }: { result: BulkResult; done: string; onDone: () => void }) {
  return (
    <>
      <div role="status" className="space-y-3 text-lg">
        <p>{describeResult(result, done)}</p>
        <MachineNames label="Refused" machines={refusedOf(result)} shownRows={8} />
      </div>
      <DialogActions>
        <Button look="primary" onClick={onDone}>
          Close
        </Button>
      </DialogActions>
    </>
  )
}
