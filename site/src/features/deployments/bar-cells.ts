import type { DeploymentStatus } from '@dragonfly/schema/state'
import type { Deployment, Summary } from '../../api/views.ts'

export const barLength = 100

export interface BarCell {
  deploymentId: string
  /** Null where cells lead nowhere, for strangers. */
  machineId: string | null
  machineName: string
  imageName: string
  status: DeploymentStatus
  durationMs: number | null
  endedAtMs: number | null
  /** 0 to 1: how high the cell stands. */
  height: number
  /** 0 to 1: how bright it burns. The quick ones burn brightest. */
  brightness: number
}

/** How long a deployment took, or takes until now; null before its machine was seen. */
export function durationMs(deployment: Deployment, nowMs: number): number | null {
  if (deployment.startedAt === null) return null
  return Math.max(0, (deployment.endedAt ?? nowMs) - deployment.startedAt)
}

/**
 * The cells of the bar, the oldest first, so that time runs to the right. Heights are on a logarithmic scale
 * over the middle nine tenths, so that one deployment of an hour does not flatten the rest.
 */
export function createBarCells(deployments: readonly Deployment[], nowMs: number): BarCell[] {
  const shown = deployments
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .slice(0, barLength)
    .toReversed()
  return shapeCells(
    shown.map((deployment) => ({
      deploymentId: deployment.deploymentId,
      machineId: deployment.machineId,
      machineName: deployment.machineName,
      imageName: deployment.imageName,
      status: deployment.status,
      durationMs: durationMs(deployment, nowMs),
      endedAtMs: deployment.endedAt,
    })),
  )
}

/** The same bar for strangers: how it went and how long it took, and nothing else. */
export function createAnonymousCells(bar: Summary['bar']): BarCell[] {
  return shapeCells(
    bar.map((entry, index) => ({
      ...entry,
      deploymentId: String(index),
      machineId: null,
      machineName: '',
      imageName: '',
      endedAtMs: null,
    })),
  )
}

function shapeCells(cells: readonly Omit<BarCell, 'height' | 'brightness'>[]): BarCell[] {
  const [low, high] = durationRange(cells.flatMap((cell) => cell.durationMs ?? []))
  return cells.map((cell) => {
    const place =
      cell.durationMs === null ? 0 : clamp01((Math.log(cell.durationMs + 1000) - low) / (high - low))
    return { ...cell, height: 0.16 + 0.72 * place, brightness: 1 - 0.55 * place }
  })
}

function durationRange(durations: readonly number[]): [low: number, high: number] {
  const logs = durations.map((duration) => Math.log(duration + 1000)).toSorted((a, b) => a - b)
  const at = (part: number): number => logs[Math.round(part * (logs.length - 1))] ?? 0
  const low = at(0.05)
  return [low, Math.max(low + 0.2, at(0.95))]
}

function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value))
}

export interface BarSummary {
  deployed: number
  failed: number
  aborted: number
  active: number
  averageMs: number | null
}

export function summariseCells(cells: readonly BarCell[]): BarSummary {
  const good = cells.filter((cell) => cell.status === 'deployed' || cell.status === 'written')
  const durations = good.flatMap((cell) => (cell.durationMs === null ? [] : [cell.durationMs]))
  const count = (...statuses: DeploymentStatus[]): number =>
    cells.filter((cell) => statuses.includes(cell.status)).length
  return {
    deployed: good.length,
    failed: count('failed'),
    aborted: count('aborted'),
    active: count('queued', 'armed', 'running'),
    averageMs:
      durations.length > 0 ? durations.reduce((sum, duration) => sum + duration, 0) / durations.length : null,
  }
}

/**
 * A jagged line along the tops of the cells, in percent of the strip: the arc that crackles while something
 * runs. `seed` makes another one; the same seed makes the same line.
 */
export function arcPoints(cells: readonly BarCell[], seed: number): string {
  let state = seed * 2654435761
  const noise = (): number => {
    state = (state * 1664525 + 1013904223) % 4294967296
    return state / 4294967296 - 0.5
  }
  const width = 100 / barLength
  const offset = barLength - cells.length
  return cells
    .flatMap((cell, index) => {
      const x = (offset + index + 0.5) * width
      const top = 100 - cell.height * 100
      return [
        `${(x - width * 0.3).toFixed(2)},${clamp(top - 8 + noise() * 22).toFixed(1)}`,
        `${(x + width * 0.3).toFixed(2)},${clamp(top - 8 + noise() * 34).toFixed(1)}`,
      ]
    })
    .join(' ')
}

/** The cells' outline as a closed shape, in percent of the strip: what glows behind them. */
export function bloomPath(cells: readonly BarCell[]): string {
  const width = 100 / barLength
  const offset = barLength - cells.length
  return cells
    .filter((cell) => cell.status === 'deployed' || cell.status === 'written' || cell.status === 'running')
    .map((cell) => {
      const x = (offset + cells.indexOf(cell)) * width
      return `M${x.toFixed(2)} 100V${(100 - cell.height * 100).toFixed(1)}h${width}V100Z`
    })
    .join('')
}

function clamp(percent: number): number {
  return Math.min(98, Math.max(2, percent))
}
