import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { SiteEvent } from '@dragonfly/schema/wire'
import type { Lab } from '../lab.ts'
import type { MachineEvent } from '../netboot-simulator/boot-stage.ts'
import { edgeDataDir } from '../product.ts'
import type { Fault } from './fault-plan.ts'
import type { OrderedDeployment } from './orders.ts'
import type { Run } from './run-chaos.ts'

/** An entry that the edge keeps of its journal: state changes stay there for a while after they were taken. */
export interface KeptEntry {
  seq: number
  at: number
  event: SiteEvent
}

export interface DeploymentRecord {
  deploymentId: string
  machineId: string
  imageId: string
  hostname: string
  status: string
  stage: string
  attempt: number
  failureReason: string | null
}

interface TimelineRecord {
  deploymentId: string
  stage: string
  attempt: number
  at: number
}

/** What was left when all had stopped: each from whoever saw it. */
export interface Evidence {
  /** What was asked for, as the API answered. */
  ordered: readonly OrderedDeployment[]
  faults: readonly Fault[]
  unasked: readonly string[]
  /** What the machines saw. */
  machineEvents: readonly MachineEvent[]
  /** By MAC: SHA-256 of its disk. */
  disks: ReadonlyMap<string, string>
  /** By image id: SHA-256 of its content. */
  images: ReadonlyMap<string, string>
  /** The edge's own file. */
  edge: { journalId: string; lastSeq: number; entries: readonly KeptEntry[] }
  /** The control plane's tables. */
  controlPlane: {
    journals: readonly { journalId: string; seq: number }[]
    deployments: readonly DeploymentRecord[]
    timeline: readonly TimelineRecord[]
    machines: readonly { machineId: string; name: string | null }[]
    /** In the order in which it was taken in. */
    log: readonly { machineId: string; text: string }[]
  }
}

/** @throws Error when a database or a disk cannot be read. */
export async function readEvidence(lab: Lab, run: Run): Promise<Evidence> {
  const macs = [...new Set(run.ordered.map(({ mac }) => mac))]
  const disks = await Promise.all(
    macs.map(async (mac) => {
      const bytes = await readFile(join(lab.state.dir, `${mac.replaceAll(':', '')}.raw`)).catch(() => '')
      return [mac, createHash('sha256').update(bytes).digest('hex')] as const
    }),
  )
  return {
    ordered: run.ordered,
    faults: run.faults,
    unasked: run.chaos.unasked,
    machineEvents: run.simulator?.events ?? [],
    disks: new Map(disks),
    images: new Map(run.images.map(({ imageId, sha256 }) => [imageId, sha256])),
    edge: readEdge(join(edgeDataDir(lab), 'edge.db')),
    controlPlane: readControlPlane(run.chaos.databaseFile),
  }
}

function readEdge(file: string): Evidence['edge'] {
  using database = new DatabaseSync(file, { readOnly: true })
  const [meta] = rows(database, `SELECT value FROM meta WHERE key = 'journalId'`)
  const [last] = rows(database, `SELECT seq FROM sqlite_sequence WHERE name = 'journal'`)
  return {
    journalId: String(meta?.value),
    lastSeq: Number(last?.seq ?? 0),
    entries: rows(database, 'SELECT seq, at, event FROM journal ORDER BY seq').map((row) => ({
      seq: Number(row.seq),
      at: Number(row.at),
      event: JSON.parse(String(row.event)) as SiteEvent,
    })),
  }
}

function readControlPlane(file: string): Evidence['controlPlane'] {
  using database = new DatabaseSync(file, { readOnly: true })
  const select = <T>(sql: string): T[] => rows(database, sql) as T[]
  return {
    journals: select('SELECT journal_id AS journalId, seq FROM journals'),
    deployments: select(
      `SELECT deployment_id AS deploymentId, machine_id AS machineId, image_id AS imageId, hostname, status, stage,
        attempt, failure_reason AS failureReason FROM deployments`,
    ),
    timeline: select(
      `SELECT deployment_id AS deploymentId, stage, attempt, at FROM deployment_events
       ORDER BY deployment_id, ordinal`,
    ),
    machines: select('SELECT machine_id AS machineId, name FROM machines'),
    log: select('SELECT machine_id AS machineId, text FROM machine_log ORDER BY id'),
  }
}

function rows(database: DatabaseSync, sql: string): Record<string, unknown>[] {
  return database.prepare(sql).all()
}
