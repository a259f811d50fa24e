import type { SiteEvent } from '@dragonfly/schema/wire'
import { renderLogLine } from '../netboot-simulator/log-line.ts'
import type { DeploymentRecord, Evidence, KeptEntry } from './evidence.ts'
import { judgeDisks, judgeWrites } from './judge-writes.ts'

/** What must not be, in sentences; none when everything is as it has to be. */
export function judge(evidence: Evidence): string[] {
  return [
    ...evidence.unasked,
    ...judgeAcknowledged(evidence),
    ...judgeJournal(evidence),
    ...judgeTimelines(evidence),
    ...judgeLog(evidence),
    ...judgeEnds(evidence),
    ...judgeWrites(evidence),
    ...judgeDisks(evidence),
  ]
}

/** How it went, for the person who watches. */
export function renderSummary({ ordered, faults, controlPlane, edge }: Evidence): string {
  const count = (names: readonly string[]): string =>
    [...Map.groupBy(names, (name) => name)].map(([name, all]) => `${all.length} ${name}`).join(', ')
  const retries = edge.entries.filter(({ event }) => event.type === 'deployment.retrying').length
  const ends = count(controlPlane.deployments.map(({ status }) => status))
  const kinds = count(faults.map(({ kind }) => kind).toSorted())
  return `${ordered.length} deployments: ${ends}; ${retries} retries. Faults: ${kinds}.`
}

/** All that the API acknowledged is there, and nothing is there twice. */
function judgeAcknowledged({ ordered, controlPlane }: Evidence): string[] {
  const kept = new Map(controlPlane.deployments.map((row) => [row.deploymentId, row]))
  const names = new Map(controlPlane.machines.map(({ machineId, name }) => [machineId, name]))
  const lost = ordered.flatMap(({ deploymentId, hostname, machineId, imageId, isAcknowledged }) => {
    const row = kept.get(deploymentId)
    const isSame = row?.hostname === hostname && row.machineId === machineId && row.imageId === imageId
    const how = isAcknowledged ? 'acknowledged' : 'found later'
    return isSame ? [] : [`The order of ${hostname} (${deploymentId}, ${how}) is lost.`]
  })
  const nameless = ordered.filter(({ machineId }) => !names.get(machineId)?.startsWith('chaos-'))
  const extra = controlPlane.deployments.length - ordered.length
  return [
    ...lost,
    ...nameless.map(({ machineId }) => `The adoption of ${machineId} was acknowledged, and is lost.`),
    ...(extra === 0 ? [] : [`There are ${extra} more deployments than were asked for.`]),
  ]
}

/** The control plane has taken all of the edge's one journal, which has no gap. */
function judgeJournal({ edge, controlPlane }: Evidence): string[] {
  const found = controlPlane.journals.map(({ journalId, seq }) => `${journalId} up to ${seq}`)
  const wanted = `${edge.journalId} up to ${edge.lastSeq}`
  const gaps = edge.entries.filter(({ event }) => event.type === 'journal.gap')
  return [
    ...(found.length === 1 && found[0] === wanted
      ? []
      : [`The edge's journal is ${wanted}; taken were ${found.join(', ') || 'none'}.`]),
    ...gaps.map(({ seq }) => `The edge's journal has a gap at ${seq}.`),
  ]
}

interface Step {
  stage: string
  attempt: number
  at: number
}

/** Every step that the edge wrote down is in the control plane's timeline once, in the same order. */
function judgeTimelines({ ordered, edge, controlPlane }: Evidence): string[] {
  return ordered.flatMap(({ deploymentId, hostname }) => {
    const said = edge.entries.filter(({ event }) => isOf(event, deploymentId))
    const wanted = toSteps(said).map(renderStep)
    const found = controlPlane.timeline
      .filter((row) => row.deploymentId === deploymentId)
      // The first one is the control plane's own: the order itself.
      .slice(1)
      .map(renderStep)
    return JSON.stringify(found) === JSON.stringify(wanted)
      ? []
      : [`${hostname}: the edge said\n  ${wanted.join('\n  ')}\nand taken was\n  ${found.join('\n  ')}`]
  })
}

function isOf(event: SiteEvent, deploymentId: string): boolean {
  return 'deploymentId' in event && event.deploymentId === deploymentId
}

/** What is told of the stage that it is at already (a retry says why, and then where it starts) is no step. */
function toSteps(said: readonly KeptEntry[]): Step[] {
  const steps: Step[] = []
  let here = { stage: 'powering', attempt: 1 }
  for (const { event, at } of said) {
    const isStep = event.type === 'deployment.stage' || event.type === 'deployment.retrying'
    const isEnd = event.type === 'deployment.failed'
    if (!isStep && !isEnd) continue
    const { stage } = event
    const attempt = isStep ? event.attempt : here.attempt
    const isSame = stage === here.stage && attempt === here.attempt
    if (!isSame || event.type === 'deployment.retrying') steps.push({ stage, attempt, at })
    here = { stage, attempt }
  }
  return steps
}

const renderStep = ({ stage, attempt, at }: Step): string => `${at} ${stage} (try ${attempt})`

/** Log lines are there once and in order; those that the edge said it has are all there. */
function judgeLog({ ordered, machineEvents, controlPlane }: Evidence): string[] {
  const macs = new Map(ordered.map(({ machineId, mac }) => [machineId, mac]))
  return [...macs].flatMap(([machineId, mac]) => {
    const taken = controlPlane.log.filter((row) => row.machineId === machineId).map(({ text }) => text)
    const lines = taken.flatMap((text) => parseLogLine(text) ?? [])
    const disorder = lines.filter((line, at) => at > 0 && !isAfter(line, lines[at - 1]))
    const seen = new Set(taken)
    const missing = machineEvents.flatMap((event) => {
      if (event.mac !== mac || event.kind !== 'logged') return []
      const text = renderLogLine(event.boot, event.line)
      return seen.has(text) ? [] : [text]
    })
    return [
      ...disorder.map(({ boot, line }) => `${mac}: boot ${boot}, line ${line} came twice or out of order.`),
      ...missing.map((text) => `${mac}: the edge had "${text}", and it is lost.`),
    ]
  })
}

interface LogPlace {
  boot: number
  line: number
}

function parseLogLine(text: string): LogPlace | null {
  const found = /^simulated boot (\d+), line (\d+)$/.exec(text)
  return found ? { boot: Number(found[1]), line: Number(found[2]) } : null
}

function isAfter(one: LogPlace, other: LogPlace | undefined): boolean {
  if (!other) return true
  return one.boot > other.boot || (one.boot === other.boot && one.line > other.line)
}

/** Each has ended, in the same way at both ends, and a failure has a name. */
function judgeEnds({ ordered, edge, controlPlane }: Evidence): string[] {
  const kept = new Map(controlPlane.deployments.map((row) => [row.deploymentId, row]))
  return ordered.flatMap(({ deploymentId, hostname }) => {
    const row = kept.get(deploymentId)
    if (!row) return []
    const last = edge.entries.findLast(({ event }) => isOf(event, deploymentId))?.event.type
    if (row.status === 'deployed' && last === 'deployment.deployed') return []
    if (isNamedFailure(row) && last === 'deployment.failed') return []
    return [`${hostname} is ${row.status} at ${row.stage}, try ${row.attempt}; the edge said ${last} last.`]
  })
}

/** What was hit in each of its tries ends so, and nothing else may. */
function isNamedFailure({ status, failureReason, attempt }: DeploymentRecord): boolean {
  return status === 'failed' && failureReason !== null && attempt === 3
}
