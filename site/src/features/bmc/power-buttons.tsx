import {
  decidePower,
  type PowerOperation,
  powerOperations,
  powerOperationTexts,
} from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import { useRefusal } from '../../api/use-refusal.ts'
import type { MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { refusal } from '../machine/facts.ts'

const warnings: Record<PowerOperation, string> = {
  on: 'It is powered on, and boots what it booted before.',
  shutdown: 'Its operating system is asked to shut down. Whatever runs on it ends in an orderly way.',
  off: 'Its power is cut at once: what is not on the disk is lost.',
  cycle: 'Its power is cut at once, and comes back: what is not on the disk is lost.',
  reset: 'It is reset at once: what is not on the disk is lost.',
}

/** One button for each wish; one that makes no sense now stays in its place and says why. */
export function PowerButtons({ machine }: { machine: MachineDetail }) {
  const { asked, setAsked } = useAsked()
  const switching = usePower(machine.machineId, () => setAsked(null))
  const powerState = machine.bmc?.problem ? 'unknown' : (machine.bmc?.powerState ?? 'unknown')
  const why = (operation: PowerOperation): string | null => {
    const verdict = decidePower(operation, powerState)
    return refusal('power', machine) ?? (verdict.allowed ? null : verdict.reason)
  }
  const role = useRefusal('power')
  const refused = asked && (role ?? why(asked))
  return (
    <>
      <div className="flex flex-wrap gap-3">
        {powerOperations.map((operation) => (
          <Button
            key={operation}
            may="power"
            refusal={why(operation)}
            busy={switching.isPending && switching.variables === operation}
            onClick={() => (operation === 'on' ? switching.mutate('on') : setAsked(operation))}
          >
            {powerOperationTexts[operation].title}
          </Button>
        ))}
      </div>
      {!asked && <ProblemNote error={switching.error} />}
      {asked && refused && <ProblemNote text={refused} />}
      {asked && !refused && (
        <ConfirmDialog
          open
          onOpenChange={() => setAsked(null)}
          title={`${powerOperationTexts[asked].title}: ${machine.name}?`}
          action={powerOperationTexts[asked].title}
          keep="Leave it as it is"
          danger={asked !== 'on'}
          busy={switching.isPending}
          error={switching.error}
          onConfirm={() => switching.mutate(asked)}
        >
          <p>{warnings[asked]}</p>
          {machine.status === 'deploying' && (
            <p className="text-wanted">A deployment is under way: it starts over, or fails.</p>
          )}
        </ConfirmDialog>
      )}
    </>
  )
}

/** What is asked for: by a button here, or by `?ask=` of whoever comes from the palette. */
function useAsked() {
  const [pressed, setPressed] = useState<PowerOperation | null>(null)
  const { ask } = useSearch({ from: '/portal/machines/$machineId' })
  const navigate = useNavigate({ from: '/machines/$machineId' })
  const setAsked = (operation: PowerOperation | null): void => {
    setPressed(operation)
    if (ask)
      void navigate({
        search: (before) => ({ ...before, ask: undefined }),
        replace: true,
        resetScroll: false,
      })
  }
  return { asked: pressed ?? ask ?? null, setAsked }
}

function usePower(machineId: string, onDone: () => void) {
  const queryClient = useQueryClient()
  const params = { path: { machineId } }
  return useMutation({
    mutationFn: (operation: PowerOperation) =>
      take(
        operation === 'on'
          ? api.POST('/api/v1/machines/{machineId}/power-on', { params })
          : api.POST('/api/v1/machines/{machineId}/power', { params, body: { operation } }),
      ),
    onSuccess: async () => {
      onDone()
      await queryClient.invalidateQueries({ queryKey: keys.commands(machineId) })
    },
  })
}
