import type { SiteEvent } from '@dragonfly/schema/wire'
import { describe, expect, test } from 'vitest'
import type { MachineEvent } from '../netboot-simulator/boot-stage.ts'
import type { Evidence } from './evidence.ts'
import { judge, renderSummary } from './judge.ts'

const mac = '52:54:00:00:00:01'
const [deploymentId, orderId, machineId, imageId] = ['d1', 'o1', 'm1', 'i1']
const hostname = 'chaos-0-0'

const stages = ['firmware', 'ramdisk', 'writing', 'restarting', 'first-boot'] as const
const said: SiteEvent[] = [
  ...stages.map((stage): SiteEvent => ({ type: 'deployment.stage', deploymentId, stage, attempt: 1 })),
  { type: 'deployment.deployed', deploymentId, confirmed: true, address: null, sshHostKeys: [] },
]
const entries = said.map((event, place) => ({ seq: place + 1, at: 1000 + place, event }))
const order = { kind: 'order', orderId, deploymentId, epoch: 1 } as const
const written = { kind: 'written', orderId, deploymentId, sizeBytes: 10 } as const
const settled = { kind: 'settled', orderId, deploymentId } as const
const event = (boot: number, detail: object): MachineEvent =>
  ({ mac, boot, atMs: 900, ...detail }) as MachineEvent
const row = { deploymentId, machineId, imageId, hostname, failureReason: null }
const timeline = [
  { deploymentId, stage: 'powering', attempt: 1, at: 500 },
  ...stages.map((stage, place) => ({ deploymentId, stage, attempt: 1, at: 1000 + place })),
]
const lines = [1, 2].map((line) => ({ machineId, text: `simulated boot 1, line ${line}` }))

const good: Evidence = {
  ordered: [{ index: 0, mac, machineId, hostname, imageId, deploymentId, isAcknowledged: true }],
  faults: [],
  unasked: [],
  machineEvents: [
    event(1, order),
    event(1, { kind: 'logged', line: 1 }),
    event(1, written),
    event(1, settled),
  ],
  disks: new Map([[mac, 'sha']]),
  images: new Map([[imageId, 'sha']]),
  edge: { journalId: 'j1', lastSeq: 6, entries },
  controlPlane: {
    journals: [{ journalId: 'j1', seq: 6 }],
    deployments: [{ ...row, status: 'deployed', stage: 'deployed', attempt: 1 }],
    timeline,
    machines: [{ machineId, name: 'chaos-0' }],
    log: lines,
  },
}
const kept = (change: Partial<Evidence['controlPlane']>): Evidence => ({
  ...good,
  controlPlane: { ...good.controlPlane, ...change },
})
const seen = (...events: MachineEvent[]): Evidence => ({ ...good, machineEvents: events })

test('a run in which all went well has nothing against it', () => {
  expect(judge(good)).toEqual([])
  expect(renderSummary(good)).toBe('1 deployments: 1 deployed; 0 retries. Faults: .')
})

describe('of what was taken, it is noticed when', () => {
  test.each<[string, Evidence, string]>([
    ['an acknowledged order is lost', kept({ deployments: [] }), 'is lost'],
    [
      'an order is there twice',
      kept({ deployments: Array(2).fill(good.controlPlane.deployments[0]) }),
      '1 more',
    ],
    ['an adoption is lost', kept({ machines: [{ machineId, name: null }] }), 'adoption'],
    ['part of the journal was not taken', kept({ journals: [{ journalId: 'j1', seq: 5 }] }), 'up to 5'],
    [
      'a second journal was begun',
      kept({ journals: [...good.controlPlane.journals, { journalId: 'j2', seq: 1 }] }),
      'j2',
    ],
    ['a step is lost', kept({ timeline: timeline.toSpliced(2, 1) }), 'taken was'],
    ['a step came twice', kept({ timeline: timeline.toSpliced(2, 0, ...timeline.slice(2, 3)) }), 'taken was'],
    [
      'steps changed places',
      kept({ timeline: [...timeline.slice(0, 4), ...timeline.slice(4).toReversed()] }),
      'taken was',
    ],
    ['a line that the edge had is lost', kept({ log: lines.slice(1) }), 'and it is lost'],
    ['a line came twice', kept({ log: [...lines, ...lines.slice(1)] }), 'twice or out of order'],
    [
      'a deployment has not ended',
      kept({ deployments: [{ ...row, status: 'running', stage: 'writing', attempt: 1 }] }),
      'is running',
    ],
    [
      'one failed that had tries left',
      kept({ deployments: [{ ...row, status: 'failed', stage: 'writing', attempt: 1 }] }),
      'is failed',
    ],
  ])('%s', (_what, evidence, words) => {
    expect(judge(evidence).join('\n')).toContain(words)
  })
})

describe('of what machines did, it is noticed when', () => {
  test.each<[string, Evidence, string]>([
    [
      'an order is carried out again after it was over',
      seen(event(1, order), event(1, settled), event(2, order), event(2, written)),
      'after it was over',
    ],
    [
      'a boot takes two orders',
      seen(event(1, order), event(1, { ...order, orderId: 'o2', epoch: 2 }), event(1, written)),
      'had taken one',
    ],
    [
      'an older order follows a newer one',
      seen(event(1, { ...order, orderId: 'o2', epoch: 2 }), event(2, order), event(2, written)),
      'after a newer one',
    ],
    [
      'an order comes when its edge has noted its end',
      seen(event(1, order), event(1, written), { ...event(2, order), atMs: 1500 }),
      'noted its end',
    ],
    [
      'another machine’s order is carried out',
      seen(event(1, { ...order, deploymentId: 'd2' }), event(1, order), event(1, written)),
      'not ordered for it',
    ],
    ['nothing was written of what is called deployed', seen(event(1, order)), 'no disk was written'],
    ['the disk holds something else', { ...good, disks: new Map([[mac, 'other']]) }, 'does not hold'],
  ])('%s', (_what, evidence, words) => {
    expect(judge(evidence).join('\n')).toContain(words)
  })

  test('an order whose boot was interrupted may be carried out again', () => {
    const again = [
      event(1, order),
      event(1, { kind: 'power-cut' }),
      event(2, order),
      event(2, written),
      event(2, settled),
    ]
    expect(judge({ ...seen(...again), controlPlane: { ...good.controlPlane, log: [] } })).toEqual([])
  })
})
