import type { DeploymentStage } from '@dragonfly/schema/state'
import { maxDeploymentAttempts } from '@dragonfly/schema/state'
import type { DeploymentEffect, DeploymentState, Setback, Transition } from './deployment-types.ts'

export const stay = (state: DeploymentState, ...effects: DeploymentEffect[]): Transition => ({
  state,
  effects,
})

/** Goes to a stage, and says so. */
export function enter(
  state: DeploymentState,
  stage: DeploymentStage,
  now: number,
  ...effects: DeploymentEffect[]
): Transition {
  return {
    state: { ...state, status: 'running', stage, signAt: now },
    effects: [
      {
        kind: 'journal',
        event: {
          type: 'deployment.stage',
          deploymentId: state.deploymentId,
          stage,
          attempt: state.attempt,
        },
      },
      ...effects,
    ],
  }
}

export function fail(state: DeploymentState, setback: Setback, ...effects: DeploymentEffect[]): Transition {
  return {
    state: { ...state, status: 'failed', setback },
    effects: [
      {
        kind: 'journal',
        event: {
          type: 'deployment.failed',
          deploymentId: state.deploymentId,
          stage: state.stage,
          ...setback,
        },
      },
      ...effects,
    ],
  }
}

/** The next try, starting at `stage`, or the end when none is left or the machine is no longer armed. */
export function retry(
  state: DeploymentState,
  stage: DeploymentStage,
  setback: Setback,
  now: number,
  ...effects: DeploymentEffect[]
): Transition {
  if (state.attempt >= maxDeploymentAttempts || now >= state.armedUntil) return fail(state, setback)
  const next: DeploymentState = {
    ...state,
    attempt: state.attempt + 1,
    orderId: null,
    linkLost: false,
    bytesDone: 0,
    setback,
  }
  const entered = enter(next, stage, now, ...effects)
  const retrying: DeploymentEffect = {
    kind: 'journal',
    event: {
      type: 'deployment.retrying',
      deploymentId: state.deploymentId,
      stage,
      attempt: next.attempt,
      ...setback,
    },
  }
  return { state: entered.state, effects: [retrying, ...entered.effects] }
}

export function finishAborted(state: DeploymentState, ...effects: DeploymentEffect[]): Transition {
  return {
    state: { ...state, status: 'aborted' },
    effects: [
      {
        kind: 'journal',
        event: { type: 'deployment.aborted', deploymentId: state.deploymentId, stage: state.stage },
      },
      ...effects,
    ],
  }
}

export function finishDeployed(
  state: DeploymentState,
  report: { confirmed: boolean; address: string | null; sshHostKeys: string[] },
): Transition {
  return {
    state: {
      ...state,
      status: report.confirmed ? 'deployed' : 'written',
      stage: report.confirmed ? 'deployed' : state.stage,
      setback: null,
    },
    effects: [
      {
        kind: 'journal',
        event: { type: 'deployment.deployed', deploymentId: state.deploymentId, ...report },
      },
    ],
  }
}
