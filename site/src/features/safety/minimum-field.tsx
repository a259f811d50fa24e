import type { SafetyMode } from '@dragonfly/schema/state'
import { SelectField } from '../../components/field.tsx'

const choices: Record<SafetyMode, { title: string; hint: string }> = {
  power: {
    title: 'Everybody’s own choice',
    hint: 'Who switches to power mode confirms once, for half an hour.',
  },
  safe: {
    title: 'Safe mode, always',
    hint: 'Whatever destroys something is confirmed by click and hold; the edges refuse orders given otherwise.',
  },
}

/** Whether people may leave safe mode. */
export function MinimumField({
  value,
  onChange,
}: {
  value: SafetyMode
  onChange: (minimum: SafetyMode) => void
}) {
  return (
    <div className="max-w-md">
      <SelectField
        label="Safe mode"
        value={value}
        onChange={(event) => onChange(event.target.value === 'safe' ? 'safe' : 'power')}
        hint={choices[value].hint}
      >
        {Object.entries(choices).map(([minimum, { title }]) => (
          <option key={minimum} value={minimum}>
            {title}
          </option>
        ))}
      </SelectField>
    </div>
  )
}
