import { type PowerOperation, powerOperations, powerOperationTexts } from '@dragonfly/schema/state'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { useRefusal } from '../../api/use-refusal.ts'
import type { BulkResult, Machine } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { TextField } from '../../components/field.tsx'
import { Menu, MenuItem } from '../../components/menu.tsx'
import { countOf } from '../../format/words.ts'
import { BulkSteps } from './bulk-steps.tsx'
import { describePace, type Pace, paceError, readPace, usualPace } from './pace.ts'
import { splitForLed, splitForPower } from './split.ts'

/** What the selection bar offers: the power, and the LEDs by which machines are found. */
export type PowerWish = PowerOperation | 'identify'

const ledSeconds = 60

export function PowerMenu({ onChoose }: { onChoose: (wish: PowerWish) => void }) {
  const isRefused = useRefusal('power') !== null
  if (isRefused) return <Button may="power">Power</Button>
  return (
    <Menu trigger={<Button>Power</Button>}>
      {powerOperations.map((operation) => (
        <MenuItem key={operation} onSelect={() => onChoose(operation)}>
          {powerOperationTexts[operation].title}
        </MenuItem>
      ))}
      <MenuItem onSelect={() => onChoose('identify')}>Light LEDs for a minute</MenuItem>
    </Menu>
  )
}

interface PowerManyProps {
  machines: readonly Machine[]
  onClose: () => void
  onDone: () => void
}

export function PowerMany({ wish, ...rest }: PowerManyProps & { wish: PowerWish }) {
  return wish === 'identify' ? <LightMany {...rest} /> : <SwitchMany operation={wish} {...rest} />
}

const sentences: Record<PowerOperation, string> = {
  on: 'They are powered on, and boot what they booted before.',
  shutdown: 'Their operating systems are asked to shut down. Whatever runs on them ends in an orderly way.',
  off: 'Their power is cut at once: what is not on a disk is lost.',
  cycle: 'Their power is cut at once, and comes back: what is not on a disk is lost.',
  reset: 'They are reset at once: what is not on a disk is lost.',
}

const done: Record<PowerOperation, string> = {
  on: 'told to power on',
  shutdown: 'told to shut down',
  off: 'told to power off',
  cycle: 'told to power cycle',
  reset: 'told to reset',
}

function SwitchMany({
  operation,
  machines,
  onClose,
  onDone,
}: PowerManyProps & { operation: PowerOperation }) {
  const [pace, setPace] = useState<Pace>(usualPace)
  const split = splitForPower(operation, machines)
  const { title } = powerOperationTexts[operation]
  const error = paceError(pace)
  const withoutBmc = split.able.filter(({ bmc }) => bmc === null).length
  const deploying = split.able.filter(({ status }) => status === 'deploying').length
  return (
    <Dialog open onOpenChange={onClose} title={`${title}: ${countOf(split.able.length, 'machine')}?`}>
      <BulkSteps
        {...split}
        action={title}
        danger={operation !== 'on'}
        done={done[operation]}
        back={{ label: 'Leave them as they are', go: onClose }}
        refusal={error}
        run={(machineIds) => switchMany(operation, machineIds, pace)}
        onDone={onDone}
      >
        <p>{sentences[operation]}</p>
        {deploying > 0 && operation !== 'on' && (
          <p className="text-wanted">
            {countOf(deploying, 'deployment')} under way: what is interrupted starts over, or fails.
          </p>
        )}
        {withoutBmc > 0 && (
          <p className="text-base text-ink-soft">
            {countOf(withoutBmc, 'machine')} without a BMC
            {operation === 'on'
              ? ': woken by the network card, or a person is asked.'
              : ': a person is asked.'}
          </p>
        )}
        <PaceFields pace={pace} count={split.able.length} error={error} onChange={setPace} />
      </BulkSteps>
    </Dialog>
  )
}

function switchMany(operation: PowerOperation, machineIds: string[], pace: Pace): Promise<BulkResult> {
  const stagger = readPace(pace)
  if (operation === 'on') return take(api.POST('/api/v1/bulk/power-on', { body: { machineIds, ...stagger } }))
  const body = { machineIds, count: machineIds.length, operation, ...stagger }
  return take(api.POST('/api/v1/bulk/power', { body }))
}

interface PaceFieldsProps {
  pace: Pace
  count: number
  error: string | null
  onChange: (pace: Pace) => void
}

function PaceFields({ pace, count, error, onChange }: PaceFieldsProps) {
  const plain = { inputMode: 'decimal', autoComplete: 'off' } as const
  return (
    <div className="space-y-1.5 text-base">
      <div className="grid grid-cols-2 gap-x-4">
        <TextField
          label="At once"
          {...plain}
          value={pace.atOnce}
          onChange={(event) => onChange({ ...pace, atOnce: event.target.value })}
        />
        <TextField
          label="Seconds apart"
          {...plain}
          value={pace.everySeconds}
          onChange={(event) => onChange({ ...pace, everySeconds: event.target.value })}
        />
      </div>
      {error ? (
        <p className="text-failed">{error}</p>
      ) : (
        <p className="text-ink-faint" aria-live="polite">
          {describePace(pace, count)}
        </p>
      )}
    </div>
  )
}

function LightMany({ machines, onClose, onDone }: PowerManyProps) {
  const split = splitForLed(machines)
  return (
    <Dialog open onOpenChange={onClose} title={`Light the LEDs of ${countOf(split.able.length, 'machine')}?`}>
      <BulkSteps
        {...split}
        action="Light"
        done="told to light up"
        back={{ label: 'Cancel', go: onClose }}
        run={(machineIds) =>
          take(api.POST('/api/v1/bulk/identify', { body: { machineIds, seconds: ledSeconds } }))
        }
        onDone={onDone}
      >
        <p>Each shows where it is in its rack for a minute. What runs on it is not touched.</p>
      </BulkSteps>
    </Dialog>
  )
}
