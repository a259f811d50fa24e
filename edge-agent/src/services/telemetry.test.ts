import { expect, it } from 'vitest'
import { createTelemetry } from './telemetry.ts'

const none = { bundle: null, release: null }
const half = { version: 'abc', bytesDone: 1, bytesTotal: 2 }

it('tells what moves, once', () => {
  const tell = createTelemetry()
  expect(tell([], [], none)).toBeNull()
  const image = { imageId: 'i1', phase: 'verifying' as const, bytesDone: 1, bytesTotal: null }
  expect(tell([], [image], none)).toEqual({ type: 'telemetry', deployments: [], images: [image] })
  expect(tell([], [image], none)).toBeNull()
})

it('tells what the edge fetches for itself, and once that it is over', () => {
  const tell = createTelemetry()
  expect(tell([], [], { ...none, bundle: half })).toMatchObject({ bundle: half })
  expect(tell([], [], { ...none, bundle: half })).toBeNull()
  const over = tell([], [], { ...none, release: half })
  expect(over).toMatchObject({ bundle: null, release: half })
  expect(tell([], [], none)).toEqual({ type: 'telemetry', deployments: [], images: [], release: null })
  expect(tell([], [], none)).toBeNull()
})
