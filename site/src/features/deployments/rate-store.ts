import { addSample, bytesPerSecond, type Sample } from './rate.ts'

const samplesByWork = new Map<string, Sample[]>()

/** `work` names what moves: a deployment's id, or an image on an edge. */
export function recordProgress(work: string, sample: Sample): void {
  samplesByWork.set(work, addSample(samplesByWork.get(work) ?? [], sample))
}

export function currentRate(work: string): number | null {
  return bytesPerSecond(samplesByWork.get(work) ?? [], performance.now())
}

/** What an edge fetches for itself, by the version of it. */
export function fetchWork(edgeId: string, version: string): string {
  return `${edgeId}/${version}`
}
