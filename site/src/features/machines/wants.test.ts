import { updateOverdueMs } from '@dragonfly/schema/state'
import { expect, it } from 'vitest'
import { createCommand, createDeployment, createEdge, createImage, createMachine } from '../testing/views.ts'
import { decideWants } from './wants.ts'

it('asks for nothing when all is well', () => {
  expect(decideWants([createMachine()], [createEdge()], [createImage()])).toEqual([])
})

it('names an edge that does not come back from its update', () => {
  const edge = createEdge({ update: { available: '2.0.0', wanted: '2.0.0', askedAt: 1000 } })
  const look = (now: number) => decideWants([], [edge], [], null, [], now)
  expect(look(1000)).toEqual([])
  expect(look(1000 + updateOverdueMs)).toMatchObject([
    { kind: 'edge', title: 'Edge edge-1', sentence: expect.stringContaining('version 2.0.0'), sinceMs: 1000 },
  ])
})

it('sends somebody to a machine, with what is to be done there', () => {
  const waitingFor = 'web-01: hold its power button down for five seconds, until it is off.'
  const machine = createMachine()
  const waiting = createCommand({ machineId: machine.machineId, waitingFor })
  const edge = createEdge({ status: 'lost' })
  const wants = decideWants([machine], [edge], [], null, [
    waiting,
    createCommand({ machineId: 'gone', waitingFor }),
  ])
  expect(wants.map(({ kind, title, sentence }) => [kind, title, sentence])).toEqual([
    ['person', 'web-01', 'hold its power button down for five seconds, until it is off.'],
    ['edge', expect.any(String), expect.any(String)],
  ])
})

it('sends somebody to a machine whose deployment no BMC could begin', () => {
  const waitingFor = 'switch it on, or restart it.'
  const note = 'By its BMC: no answer. It is restarted by hand.'
  const stage = { stage: 'powering', attempt: 1, startedAt: 7, endedAt: null, waitingFor: null } as const
  const deploying = (timeline: ReturnType<typeof createDeployment>['timeline']) =>
    createMachine({ status: 'deploying', deployment: createDeployment({ status: 'running', timeline }) })
  expect(decideWants([deploying([{ ...stage, note, waitingFor }])], [], [])).toMatchObject([
    { kind: 'walk', sentence: 'waits to be deployed: switch it on, or restart it.', sinceMs: 7 },
  ])
  const goneOn = [
    { ...stage, note, waitingFor },
    { ...stage, stage: 'ramdisk' as const, note: null },
  ]
  expect(decideWants([deploying(goneOn)], [], [])).toEqual([])
  const said = 'A note that waits for a person: only to be read.'
  expect(decideWants([deploying([{ ...stage, note: said }])], [], [])).toEqual([])
})

it('names edges in trouble first, then failures, then machines to adopt', () => {
  const failedEdge = {
    edgeId: 'e1',
    hostname: 'pi',
    siteId: 's1',
    siteName: 'Home',
    status: 'failed' as const,
    bytesDone: null,
    bytesTotal: null,
    fromEdgeId: null,
    updatedAt: 5,
    failure: { reason: 'unreachable' as const, message: 'No route.', nextStep: 'Check the URL.' },
  }
  const wants = decideWants(
    [
      createMachine({ name: 'new', status: 'discovered', adopted: false }),
      createMachine({
        name: 'broken',
        status: 'failed',
        deployment: createDeployment({
          status: 'failed',
          failure: { reason: 'disk-write-error', message: 'sda: I/O error', nextStep: 'Replace it.' },
        }),
      }),
    ],
    [createEdge({ status: 'lost' })],
    [createImage({ status: 'failed', edges: [failedEdge] })],
  )
  expect(wants.map((want) => [want.kind, want.title])).toEqual([
    ['edge', 'Edge edge-1'],
    ['failed', 'broken'],
    ['image', 'Debian 13'],
    ['adopt', 'new'],
  ])
  expect(wants[1]?.sentence).toBe('The disk refused a write')
})

it('puts the newest discovery first', () => {
  const seen = (name: string, firstSeenAt: number) =>
    createMachine({ name, firstSeenAt, status: 'discovered' })
  const wants = decideWants([seen('old', 1), seen('new', 2)], [], [])
  expect(wants.map((want) => want.title)).toEqual(['new', 'old'])
})

it('leaves a revoked edge in peace', () => {
  const problems = [{ problem: 'other-pxe', message: 'A second PXE server answers.', since: 1 }]
  expect(decideWants([], [createEdge({ status: 'revoked', problems })], [])).toEqual([])
})
