/**
 * What is kept of draw and temperatures: steps, and how long each is kept. A coarser step is made from the one
 * before it.
 */
export const sampleSteps = [
  { stepSeconds: 60, keptSeconds: 26 * 3600 },
  { stepSeconds: 900, keptSeconds: 32 * 86_400 },
  { stepSeconds: 6 * 3600, keptSeconds: 731 * 86_400 },
] as const

export const sampleRanges = ['hour', 'day', 'week', 'month', 'year'] as const
export type SampleRange = (typeof sampleRanges)[number]

/** From which kept step a plot over a range is made, and in which steps it is drawn: a few hundred points at most. */
export const rangePlans: Record<
  SampleRange,
  { lengthSeconds: number; fromStep: number; stepSeconds: number }
> = {
  hour: { lengthSeconds: 3600, fromStep: 60, stepSeconds: 60 },
  day: { lengthSeconds: 86_400, fromStep: 60, stepSeconds: 300 },
  week: { lengthSeconds: 7 * 86_400, fromStep: 900, stepSeconds: 1800 },
  month: { lengthSeconds: 30 * 86_400, fromStep: 900, stepSeconds: 7200 },
  year: { lengthSeconds: 365 * 86_400, fromStep: 6 * 3600, stepSeconds: 86_400 },
}

/** A measurement older than this says nothing of now. */
export const readingsFreshMs = 5 * 60_000
