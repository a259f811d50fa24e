import { type DeploymentStage, deploymentStageNames, deploymentStages } from '@dragonfly/schema/state'
import { describe, expect, test } from 'vitest'
import { abortAnswerMs, armDeployment, bootFor, transition } from './deployment-state.ts'
import type { DeploymentEffect, DeploymentInput, DeploymentState } from './deployment-types.ts'

const start = 1_000_000
const armedUntil = start + 24 * 3600_000
const orderId = 'order-1'
const fresh = (phonesHome = true): DeploymentState =>
  armDeployment({ deploymentId: 'd1', machineId: 'm1', armedUntil, phonesHome }, start)

const toStage: Record<Exclude<DeploymentStage, 'powering' | 'deployed'>, DeploymentInput[]> = {
  firmware: [{ type: 'netboot', ipxe: false }],
  bootloader: [{ type: 'boot-file' }],
  kernel: [{ type: 'script', served: 'ramdisk' }, { type: 'kernel' }],
  ramdisk: [{ type: 'hello', newBoot: true, orderId: null }],
  writing: [
    { type: 'agent-ready' },
    { type: 'order-given', orderId },
    { type: 'agent-stage', orderId, stage: 'writing', disk: 'Disk X' },
  ],
  configuring: [{ type: 'agent-stage', orderId, stage: 'configuring', disk: null }],
  restarting: [{ type: 'agent-done', orderId }],
  'first-boot': [{ type: 'script', served: 'local' }],
}

function run(state: DeploymentState, inputs: DeploymentInput[], now = start) {
  const effects: DeploymentEffect[] = []
  for (const input of inputs) {
    const next = transition(state, input, now)
    state = next.state
    effects.push(...next.effects)
  }
  return { state, effects, events: events(effects) }
}

const events = (effects: DeploymentEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'journal' ? [effect.event] : []))
const kinds = (effects: DeploymentEffect[]) => effects.map((effect) => effect.kind)

function at(stage: DeploymentStage, phonesHome = true): DeploymentState {
  const inputs: DeploymentInput[] = []
  for (const name of deploymentStageNames) {
    if (name !== 'powering' && name !== 'deployed') inputs.push(...toStage[name])
    if (name === stage) break
  }
  const state = run(fresh(phonesHome), stage === 'powering' ? [] : inputs).state
  expect(state.stage).toBe(stage)
  return state
}

test('a machine goes through every stage in order, and says each once', () => {
  const all = deploymentStageNames.flatMap((name) =>
    name === 'powering' || name === 'deployed' ? [] : toStage[name],
  )
  const { state, events: said } = run(fresh(), [
    ...all,
    { type: 'phone-home', address: '10.0.0.5', sshHostKeys: ['ssh-ed25519 AAAA'] },
  ])
  expect(said.map((event) => ('stage' in event ? event.stage : event.type))).toEqual([
    'firmware',
    'bootloader',
    'kernel',
    'ramdisk',
    'writing',
    'configuring',
    'restarting',
    'first-boot',
    'deployment.deployed',
  ])
  expect(said.at(-1)).toMatchObject({
    confirmed: true,
    address: '10.0.0.5',
    sshHostKeys: ['ssh-ed25519 AAAA'],
  })
  expect(state.status).toBe('deployed')
})

describe('the watchdog', () => {
  const watched = deploymentStageNames.filter((stage) => deploymentStages[stage].watchdogMs !== null)
  test.each(watched)('of %s fires at its time and not before', (stage) => {
    const rule = deploymentStages[stage]
    const limit = rule.watchdogMs ?? 0
    const state = at(stage)
    expect(transition(state, { type: 'tick' }, start + limit - 1).effects).toEqual([])
    const fired = transition(state, { type: 'tick' }, start + limit)
    if (rule.retryFrom === null) {
      expect(events(fired.effects)).toEqual([
        {
          type: 'deployment.failed',
          deploymentId: 'd1',
          stage,
          reason: rule.timeout.reason,
          message: rule.timeout.message,
        },
      ])
      expect(bootFor(fired.state)).toBe('local')
    } else {
      expect(events(fired.effects)).toMatchObject([
        { type: 'deployment.retrying', stage: 'powering', attempt: 2, reason: rule.timeout.reason },
        { type: 'deployment.stage', stage: 'powering', attempt: 2 },
      ])
      expect(fired.effects.at(-1)?.kind).toBe('restart')
      expect(fired.state.orderId).toBeNull()
    }
  })

  test.each(watched)('of %s ends the deployment when no try is left', (stage) => {
    const state = { ...at(stage), attempt: 3 }
    const fired = transition(state, { type: 'tick' }, start + (deploymentStages[stage].watchdogMs ?? 0))
    expect(fired.state.status).toBe('failed')
    expect(events(fired.effects)).toMatchObject([
      { type: 'deployment.failed', reason: deploymentStages[stage].timeout.reason },
    ])
  })

  test('waits for a person at powering until the deployment expires', () => {
    expect(transition(fresh(), { type: 'tick' }, armedUntil - 1).effects).toEqual([])
    const { state, effects } = transition(fresh(), { type: 'tick' }, armedUntil)
    expect(state.status).toBe('failed')
    expect(events(effects)).toMatchObject([{ reason: 'never-powered-on' }])
    expect(kinds(effects)).toEqual(['journal', 'view'])
  })

  test('tells why the last try failed when the machine never comes back', () => {
    const retried = transition(at('kernel'), { type: 'tick' }, start + 3600_000).state
    const { effects } = transition(retried, { type: 'tick' }, armedUntil)
    expect(events(effects)).toMatchObject([{ type: 'deployment.failed', reason: 'ramdisk-silent' }])
  })

  test('of writing is fed by bytes, and by nothing else', () => {
    let state = at('writing')
    const progress = (bytesDone: number): DeploymentInput => ({
      type: 'agent-progress',
      orderId,
      bytesDone,
      bytesTotal: 100,
    })
    state = transition(state, progress(10), start + 100_000).state
    state = transition(state, progress(10), start + 170_000).state
    state = transition(state, { type: 'agent-alive' }, start + 180_000).state
    expect(transition(state, { type: 'tick' }, start + 279_999).state.attempt).toBe(1)
    expect(transition(state, { type: 'tick' }, start + 280_000).state.attempt).toBe(2)
  })
})

describe('an abort', () => {
  const early = ['powering', 'firmware', 'bootloader', 'kernel'] as const
  test.each(early)('at %s just disarms', (stage) => {
    const { state, effects } = transition(at(stage), { type: 'abort' }, start)
    expect(state.status).toBe('aborted')
    expect(events(effects)).toEqual([{ type: 'deployment.aborted', deploymentId: 'd1', stage }])
    expect(kinds(effects)).toEqual(['journal', 'view'])
  })

  test('at ramdisk restarts the machine after its own disk was arranged', () => {
    const { effects } = transition(at('ramdisk'), { type: 'abort' }, start)
    expect(kinds(effects)).toEqual(['journal', 'view', 'restart'])
  })

  test.each(['writing', 'configuring'] as const)('at %s stops the ramdisk first', (stage) => {
    const asked = transition(at(stage), { type: 'abort' }, start)
    expect(kinds(asked.effects)).toEqual(['view', 'abort'])
    expect(asked.state.status).toBe('running')
    expect(transition(asked.state, { type: 'abort' }, start).effects).toEqual([])
    const answered = transition(
      asked.state,
      { type: 'agent-failed', orderId, reason: 'aborted', message: 'Aborted.' },
      start,
    )
    expect(kinds(answered.effects)).toEqual(['journal', 'result-taken', 'restart'])
    expect(answered.state.status).toBe('aborted')
  })

  test('of a ramdisk that does not answer is over after a minute', () => {
    const asked = transition(at('writing'), { type: 'abort' }, start).state
    expect(transition(asked, { type: 'tick' }, start + abortAnswerMs - 1).state.status).toBe('running')
    const over = transition(asked, { type: 'tick' }, start + abortAnswerMs)
    expect(over.state.status).toBe('aborted')
    expect(events(over.effects)).toMatchObject([{ type: 'deployment.aborted', stage: 'writing' }])
  })

  test.each(['restarting', 'first-boot'] as const)('at %s stops waiting', (stage) => {
    expect(transition(at(stage), { type: 'abort' }, start).state.status).toBe('aborted')
  })

  test('after the end changes nothing', () => {
    const done = run(at('first-boot'), [{ type: 'phone-home', address: null, sshHostKeys: [] }]).state
    expect(transition(done, { type: 'abort' }, start)).toEqual({ state: done, effects: [] })
  })
})

describe('a power cut', () => {
  test.each(['kernel', 'ramdisk', 'writing', 'configuring'] as const)('at %s costs one try', (stage) => {
    const { state, events: said } = run(at(stage), [{ type: 'netboot', ipxe: false }])
    expect(said).toMatchObject([
      {
        type: 'deployment.retrying',
        stage: 'firmware',
        attempt: 2,
        reason: deploymentStages[stage].timeout.reason,
        message: expect.stringContaining(deploymentStages[stage].title),
      },
      { type: 'deployment.stage', stage: 'firmware', attempt: 2 },
    ])
    expect(state.orderId).toBeNull()
    expect(bootFor(state)).toBe('ramdisk')
  })

  test('on the last try fails the deployment, and the machine goes to its disk', () => {
    const { state } = run({ ...at('writing'), attempt: 3 }, [{ type: 'netboot', ipxe: false }])
    expect(state.status).toBe('failed')
    expect(bootFor(state)).toBe('local')
  })

  test('whose netboot went unseen shows in the next boot’s hello', () => {
    const { state, events: said } = run(at('writing'), [{ type: 'hello', newBoot: true, orderId: null }])
    expect(said).toMatchObject([{ type: 'deployment.retrying' }, { stage: 'ramdisk', attempt: 2 }])
    expect(state.orderId).toBeNull()
  })

  test('repeated packets of one boot cost one try', () => {
    const twice = run(at('writing'), [
      { type: 'netboot', ipxe: false },
      { type: 'netboot', ipxe: false },
      { type: 'boot-file' },
      { type: 'netboot', ipxe: true },
    ])
    expect(twice.state).toMatchObject({ attempt: 2, stage: 'bootloader' })
  })
})

describe('a ramdisk’s link', () => {
  test('that comes back in the same boot goes on where it was', () => {
    const { state, effects } = run(at('writing'), [
      { type: 'link-lost' },
      { type: 'hello', newBoot: false, orderId },
    ])
    expect(state).toMatchObject({ stage: 'writing', attempt: 1, linkLost: false })
    expect(effects).toEqual([])
  })

  test('that never got its order is given it again', () => {
    const given = run(at('ramdisk'), [{ type: 'order-given', orderId }]).state
    const { effects } = run(given, [
      { type: 'hello', newBoot: false, orderId: null },
      { type: 'agent-ready' },
    ])
    expect(kinds(effects)).toEqual(['give-order'])
  })

  test('given up for lost goes on when it comes back in the middle of its work', () => {
    const lost = transition(at('writing'), { type: 'tick' }, start + 180_000).state
    expect(lost).toMatchObject({ stage: 'powering', attempt: 2 })
    const back = run(lost, [
      { type: 'hello', newBoot: false, orderId },
      { type: 'agent-ready' },
      { type: 'agent-done', orderId },
    ])
    expect(back.state).toMatchObject({ stage: 'restarting', attempt: 2 })
    expect(kinds(back.effects)).not.toContain('give-order')
  })

  test('is told to restart only after local boot was arranged, and again when it asks again', () => {
    const done = transition(at('configuring'), { type: 'agent-done', orderId }, start)
    expect(kinds(done.effects)).toEqual(['journal', 'view', 'restart'])
    expect(bootFor(done.state)).toBe('local')
    expect(kinds(transition(done.state, { type: 'agent-done', orderId }, start).effects)).toEqual(['restart'])
  })

  test('with an order of another attempt is answered and changes nothing', () => {
    const before = at('writing')
    const stray = transition(before, { type: 'agent-done', orderId: 'other' }, start)
    expect(stray).toMatchObject({ state: before, effects: [{ kind: 'restart' }] })
  })
})

test('an OS that cannot report in ends as written once the restart was seen', () => {
  const { state, events: said } = run(at('restarting', false), [{ type: 'netboot', ipxe: false }])
  expect(state.status).toBe('written')
  expect(said).toMatchObject([{ stage: 'first-boot' }, { type: 'deployment.deployed', confirmed: false }])
})

test('an OS that cannot report in and starts from its disk at once is written too', () => {
  const lost = run(at('restarting', false), [{ type: 'link-lost' }]).state
  const { state } = transition(lost, { type: 'tick' }, start + 600_000)
  expect(state.status).toBe('written')
})

test('an OS that reports in after it was given up is deployed after all', () => {
  const failed = transition(at('first-boot'), { type: 'tick' }, start + 3600_000).state
  expect(failed.status).toBe('failed')
  const late = run(failed, [{ type: 'phone-home', address: null, sshHostKeys: [] }])
  expect(late.state.status).toBe('deployed')
})

test('a refused order fails the deployment with its reason', () => {
  const { state, events: said } = run(at('ramdisk'), [
    { type: 'order-refused', reason: 'stale-epoch', message: 'A newer one exists.' },
  ])
  expect(state.status).toBe('failed')
  expect(said).toMatchObject([{ type: 'deployment.failed', stage: 'ramdisk', reason: 'stale-epoch' }])
})

test('progress goes to the journal now and then, not with every block', () => {
  const progress = (bytesDone: number): DeploymentInput => ({
    type: 'agent-progress',
    orderId,
    bytesDone,
    bytesTotal: 100,
  })
  const burst = run(at('writing'), [progress(1), progress(2), progress(3)], start + 10_000)
  expect(burst.events).toMatchObject([{ type: 'deployment.progress', bytesDone: 1, disk: 'Disk X' }])
  expect(burst.state.bytesDone).toBe(3)
})
