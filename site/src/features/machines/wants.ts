import { failureText } from '@dragonfly/schema/state'
import type { Command, Edge, Image, Machine, Setup } from '../../api/views.ts'
import { countOf } from '../../format/words.ts'
import { updateStanding } from '../sites/update-standing.ts'

export type Want =
  | { kind: 'bundle'; id: string; title: string; sentence: string; tone: Tone; sinceMs: null }
  | { kind: 'edge'; id: string; title: string; sentence: string; tone: Tone; sinceMs: number | null }
  | { kind: 'image'; id: string; title: string; sentence: string; tone: Tone; sinceMs: number | null }
  | {
      kind: 'person'
      id: string
      title: string
      sentence: string
      tone: Tone
      sinceMs: number
      command: Command
    }
  | {
      kind: 'walk'
      id: string
      title: string
      sentence: string
      tone: Tone
      sinceMs: number
      machine: Machine
    }
  | {
      kind: 'failed'
      id: string
      title: string
      sentence: string
      tone: Tone
      sinceMs: number | null
      machine: Machine
    }
  | {
      kind: 'adopt'
      id: string
      title: string
      sentence: string
      tone: Tone
      sinceMs: number | null
      machine: Machine
    }
type Tone = 'wanted' | 'failed'

/** Many of a kind are one line: nobody reads five hundred. */
export interface WantGroup {
  kind: 'many'
  of: 'failed' | 'adopt'
  count: number
  title: string
  sentence: string
  tone: Tone
  /** Of the newest. */
  sinceMs: number | null
}

/** More of a kind than this are shown as one. */
const shownOfKind = 3

export function groupWants(wants: readonly Want[]): (Want | WantGroup)[] {
  const many = (of: WantGroup['of']): readonly Want[] => {
    const found = wants.filter((want) => want.kind === of)
    return found.length > shownOfKind ? found : []
  }
  const failed = many('failed')
  const adopt = many('adopt')
  const grouped = new Set([...failed, ...adopt])
  return wants.flatMap((want): (Want | WantGroup)[] => {
    if (!grouped.has(want)) return [want]
    if (want === failed[0]) return [groupOf('failed', failed)]
    return want === adopt[0] ? [groupOf('adopt', adopt)] : []
  })
}

function groupOf(of: WantGroup['of'], wants: readonly Want[]): WantGroup {
  const sentences = new Map<string, number>()
  for (const { sentence } of wants) sentences.set(sentence, (sentences.get(sentence) ?? 0) + 1)
  const common = [...sentences].toSorted((a, b) => b[1] - a[1])[0]
  const isFailed = of === 'failed'
  return {
    kind: 'many',
    of,
    count: wants.length,
    title: `${wants.length.toLocaleString('en-GB')} ${isFailed ? 'deployments failed' : 'machines'}`,
    sentence: isFailed
      ? common && common[1] > 1
        ? `, ${common[1]} of them alike: ${common[0].replace(/\.$/, '')}.`
        : ', each for its own reason.'
      : 'were discovered, and wait to be adopted.',
    tone: isFailed ? 'failed' : 'wanted',
    sinceMs: wants[0]?.sinceMs ?? null,
  }
}

const order: readonly Want['kind'][] = ['bundle', 'person', 'walk', 'edge', 'failed', 'image', 'adopt']

/**
 * What wants a person, most pressing first: a machine that somebody has to walk to; an edge in trouble holds up a whole site; then deployments that
 * failed, imports that failed, and machines that wait to be adopted. Within a kind, the newest first.
 */
export function decideWants(
  machines: readonly Machine[],
  edges: readonly Edge[],
  images: readonly Image[],
  setup: Setup | null = null,
  waiting: readonly Command[] = [],
  now = Date.now(),
): Want[] {
  return [
    ...bundleWants(setup),
    ...waiting.flatMap((command) => personWants(command, machines)),
    ...edges.flatMap((edge) => edgeWants(edge, now)),
    ...machines.flatMap(machineWants),
    ...images.flatMap(imageWants),
  ].toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (b.sinceMs ?? 0) - (a.sinceMs ?? 0))
}

function bundleWants(setup: Setup | null): Want[] {
  if (!setup || (setup.bundle.status !== 'missing' && setup.bundle.status !== 'failed')) return []
  const isMissing = setup.bundle.status === 'missing'
  return [
    {
      kind: 'bundle',
      id: 'bundle',
      title: `The boot bundle ${isMissing ? 'is missing.' : 'could not be built.'}`,
      sentence: setup.bundle.message ?? 'Machines can boot from the network once it is there.',
      tone: isMissing ? 'wanted' : 'failed',
      sinceMs: null,
    },
  ]
}

function personWants(command: Command, machines: readonly Machine[]): Want[] {
  const { commandId, machineId, waitingFor, createdAt } = command
  const machine = machines.find((other) => other.machineId === machineId)
  if (!waitingFor || !machine) return []
  // The sentence begins with the name that the machine had then.
  const [, request = waitingFor] = /^[^:]+: (.+)$/s.exec(waitingFor) ?? []
  return [
    {
      kind: 'person',
      id: commandId,
      title: machine.name,
      sentence: request,
      tone: 'wanted',
      sinceMs: createdAt,
      command,
    },
  ]
}

function edgeWants(edge: Edge, now: number): Want[] {
  if (edge.status === 'revoked') return []
  const wants: Want[] = edge.problems.map((problem) => ({
    kind: 'edge',
    id: `${edge.edgeId}/${problem.problem}`,
    title: `Edge ${edge.hostname}`,
    sentence: problem.message,
    tone: 'wanted',
    sinceMs: problem.since,
  }))
  if (updateStanding(edge, now) === 'overdue')
    wants.push({
      kind: 'edge',
      id: `${edge.edgeId}/update`,
      title: `Edge ${edge.hostname}`,
      sentence: `has not come back as version ${edge.update.wanted}. Look after it at ${edge.siteName}, then ask it again.`,
      tone: 'wanted',
      sinceMs: edge.update.askedAt,
    })
  if (edge.status === 'lost')
    wants.push({
      kind: 'edge',
      id: `${edge.edgeId}/lost`,
      title: `Edge ${edge.hostname}`,
      sentence: `is not heard from. ${edge.siteName} goes on with what it knows; check the host and its way out.`,
      tone: 'failed',
      sinceMs: edge.lastSeenAt,
    })
  return wants
}

function machineWants(machine: Machine): Want[] {
  if (machine.status === 'discovered')
    return [
      {
        kind: 'adopt',
        id: machine.machineId,
        title: machine.name,
        sentence: `was discovered at ${machine.siteName}${hardware(machine)}.`,
        tone: 'wanted',
        sinceMs: machine.firstSeenAt ?? machine.createdAt,
        machine,
      },
    ]
  const asked = machine.status === 'deploying' ? personAsked(machine) : null
  if (asked) return [asked]
  if (machine.status !== 'failed') return []
  const failure = machine.deployment?.failure
  return [
    {
      kind: 'failed',
      id: machine.machineId,
      title: machine.name,
      sentence: failure ? failureText(failure.reason).title : 'Its deployment failed.',
      tone: 'failed',
      sinceMs: machine.deployment?.endedAt ?? null,
      machine,
    },
  ]
}

/** A deployment that no BMC could begin: somebody has to walk to the machine. */
function personAsked(machine: Machine): Want | null {
  const { machineId, name, deployment } = machine
  const entry = deployment?.timeline.at(-1)
  if (!entry?.waitingFor) return null
  return {
    kind: 'walk',
    id: machineId,
    title: name,
    sentence: `waits to be deployed: ${entry.waitingFor}`,
    tone: 'wanted',
    sinceMs: entry.startedAt,
    machine,
  }
}

function imageWants(image: Image): Want[] {
  const failed = image.edges.filter((edge) => edge.status === 'failed')
  const [first] = failed
  if (!first) return []
  const where = failed.length === 1 ? first.siteName : countOf(failed.length, 'edge')
  return [
    {
      kind: 'image',
      id: image.imageId,
      title: image.name,
      sentence: `could not be imported (${where}): ${first.failure?.message ?? 'no reason was given.'}`,
      tone: 'failed',
      sinceMs: first.updatedAt,
    },
  ]
}

function hardware(machine: Machine): string {
  return machine.product ? `: ${[machine.manufacturer, machine.product].filter(Boolean).join(' ')}` : ''
}
