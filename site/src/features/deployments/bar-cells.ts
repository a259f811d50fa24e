import type { DeploymentStatus } from '@dragonfly/schema/state'
import type { Deployment } from '../../api/views.ts'

export const barLength = 100

export interface BarCell {
  deploymentId: string
  machineId: string
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
 * between the quickest and the slowest, so that one deployment of an hour does not flatten the rest.
 */
export function createBarCells(deployments: readonly Deployment[], nowMs: number): BarCell[] {
  const shown = deployments
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .slice(0, barLength)
    .toReversed()
  const logs = shown.flatMap((deployment) => {
    const duration = durationMs(deployment, nowMs)
    return duration === null ? [] : [Math.log(duration + 1000)]
  })
  const low = Math.min(...logs)
  const high = Math.max(...logs)
  return shown.map((deployment) => {
    const duration = durationMs(deployment, nowMs)
    const place = duration === null ? 0 : (Math.log(duration + 1000) - low) / Math.max(0.5, high - low)
    return {
      deploymentId: deployment.deploymentId,
      machineId: deployment.machineId,
      machineName: deployment.machineName,
      imageName: deployment.imageName,
      status: deployment.status,
      durationMs: duration,
      endedAtMs: deployment.endedAt,
      height: 0.3 + 0.6 * place,
      brightness: 1 - 0.5 * place,
    }
  })
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
    active: count('armed', 'running'),
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
        `${(x - width * 0.3).toFixed(2)},${clamp(top - 4 + noise() * 16).toFixed(1)}`,
        `${(x + width * 0.3).toFixed(2)},${clamp(top - 4 + noise() * 22).toFixed(1)}`,
      ]
    })
    .join(' ')
}

function clamp(percent: number): number {
  return Math.min(98, Math.max(2, percent))
}
