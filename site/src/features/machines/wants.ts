import { failureText } from '@dragonfly/schema/state'
import type { Edge, Image, Machine } from '../../api/views.ts'
import { countOf } from '../../format/words.ts'

export type Want =
  | { kind: 'edge'; id: string; title: string; sentence: string; tone: Tone; sinceMs: number | null }
  | { kind: 'image'; id: string; title: string; sentence: string; tone: Tone; sinceMs: number | null }
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

const order: readonly Want['kind'][] = ['edge', 'failed', 'image', 'adopt']

/**
 * What wants a person, most pressing first: an edge in trouble holds up a whole site; then deployments that
 * failed, imports that failed, and machines that wait to be adopted. Within a kind, the newest first.
 */
export function decideWants(
  machines: readonly Machine[],
  edges: readonly Edge[],
  images: readonly Image[],
): Want[] {
  return [
    ...edges.flatMap(edgeWants),
    ...machines.flatMap(machineWants),
    ...images.flatMap(imageWants),
  ].toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (b.sinceMs ?? 0) - (a.sinceMs ?? 0))
}

function edgeWants(edge: Edge): Want[] {
  if (edge.status === 'revoked') return []
  const wants: Want[] = edge.problems.map((problem) => ({
    kind: 'edge',
    id: `${edge.edgeId}/${problem.problem}`,
    title: `Edge ${edge.hostname}`,
    sentence: problem.message,
    tone: 'wanted',
    sinceMs: problem.since,
  }))
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
