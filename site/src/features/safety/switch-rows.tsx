import type { SafetyControl, SafetySwitches, SwitchPosition } from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { showToast } from '../../components/toast-store.ts'
import { controlTexts, describeSwitch, type SwitchScope } from './switch-texts.ts'

interface SwitchRowsProps {
  scope: SwitchScope
  /** Of the scope itself. */
  switches: SafetySwitches
  /** Of the organisation, above a site. */
  above?: SafetySwitches | undefined
}

/** The switches beyond safe mode: off at once, on again only after asking. */
export function SwitchRows({ scope, switches, above }: SwitchRowsProps) {
  const [asked, setAsked] = useState<SafetyControl | null>(null)
  const switching = useSwitching(scope, () => setAsked(null))
  return (
    <>
      <ul aria-label="Switches" className="max-w-2xl divide-y divide-line border-y border-line">
        {(['reimage', 'powerControl'] as const).map((control) => {
          const isOff = switches[control] === 'off'
          const isOffAbove = above?.[control] === 'off'
          const { title } = controlTexts[control]
          return (
            <li key={control} className="flex flex-wrap items-center gap-x-6 gap-y-2 py-3">
              <div className="min-w-0 grow basis-72">
                <span className="font-semibold">{title}</span>{' '}
                <span className={isOff || isOffAbove ? 'font-semibold text-wanted' : 'text-ink-soft'}>
                  is {isOff ? 'switched off' : isOffAbove ? 'switched off for all sites' : 'on'}
                </span>
                <p className="text-[0.95rem] text-ink-faint">{describeSwitch(control, switches, above)}</p>
              </div>
              <Button
                may="settings"
                aria-label={`Switch ${title.toLowerCase()} ${isOff ? 'on' : 'off'} ${scope.where}`}
                busy={switching.isPending && switching.variables.control === control}
                onClick={() => (isOff ? setAsked(control) : switching.mutate({ control, position: 'off' }))}
              >
                {isOff ? 'Switch on' : 'Switch off'}
              </Button>
            </li>
          )
        })}
      </ul>
      {asked && (
        <ConfirmDialog
          open
          onOpenChange={() => setAsked(null)}
          title={`Switch ${controlTexts[asked].title.toLowerCase()} on ${scope.where}?`}
          action="Switch on"
          keep="Leave it off"
          danger
          busy={switching.isPending}
          error={switching.error}
          onConfirm={() => switching.mutate({ control: asked, position: 'on' })}
        >
          <p>{controlTexts[asked].whenOn}</p>
        </ConfirmDialog>
      )}
    </>
  )
}

function useSwitching(scope: SwitchScope, onDone: () => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (change: { control: SafetyControl; position: SwitchPosition }) =>
      take(api.PUT('/api/v1/safety/switches', { body: { siteId: scope.siteId, ...change } })),
    onSuccess: (_, { control, position }) => {
      showToast({ text: `${controlTexts[control].title} is ${position} ${scope.where}.` })
      onDone()
    },
    onError: (error, { position }) => {
      // The dialog shows it otherwise.
      if (position === 'off') showToast({ text: error.message, tone: 'failed' })
    },
    onSettled: () =>
      Promise.all(
        [keys.safety, keys.sites, keys.machines, ['machine']].map((queryKey) =>
          queryClient.invalidateQueries({ queryKey }),
        ),
      ),
  })
}
