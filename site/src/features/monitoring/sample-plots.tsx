import { type SampleRange, sampleRanges } from '@dragonfly/schema/state'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { type SampleSubject, samplesQuery } from '../../api/queries.ts'
import { formatCelsius, formatWatts } from '../../format/quantities.ts'
import { capitalise } from '../../format/words.ts'
import { Plot } from './plot.tsx'

/** Draw and temperatures of a machine, a rack or a site over time. */
export function SamplePlots({ subject, whenEmpty }: { subject: SampleSubject; whenEmpty: ReactNode }) {
  const [range, setRange] = useState<SampleRange>('hour')
  const { data: series } = useQuery(samplesQuery(subject, range))
  if (!series) return <div className="h-56" />
  const line = (name: string, key: 'powerWatts' | 'inletCelsius' | 'hottestCelsius') => ({
    name,
    points: series.points.map((point) => ({ at: point.at, value: point[key] })),
  })
  const frame = { from: series.from, to: series.to, stepSeconds: series.stepSeconds }
  const temperatures = [line('Inlet', 'inletCelsius'), line('Hottest part', 'hottestCelsius')].filter(
    ({ points }) => points.some(({ value }) => value !== null),
  )
  return (
    <div>
      <Ranges range={range} onChange={setRange} />
      {series.points.length === 0 ? (
        <p className="mt-3 max-w-xl text-ink-soft">{whenEmpty}</p>
      ) : (
        <div className="mt-3 grid gap-x-10 gap-y-6 lg:grid-cols-2">
          <Plot title="Draw" lines={[line('Draw', 'powerWatts')]} {...frame} fromZero format={formatWatts} />
          <Plot title="Temperature" lines={temperatures} {...frame} fromZero={false} format={formatCelsius} />
        </div>
      )}
    </div>
  )
}

function Ranges({ range, onChange }: { range: SampleRange; onChange: (range: SampleRange) => void }) {
  return (
    <fieldset className="flex flex-wrap gap-1">
      <legend className="sr-only">Range of the plots</legend>
      {sampleRanges.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === range}
          onClick={() => onChange(name)}
          className="touchable rounded-md px-3 py-1 text-ink-soft hover:bg-hover hover:text-ink aria-pressed:bg-hover aria-pressed:text-touch"
        >
          {capitalise(name)}
        </button>
      ))}
    </fieldset>
  )
}
