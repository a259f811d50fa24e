import { setTimeout as sleep } from 'node:timers/promises'
import type { DeploymentView } from '@dragonfly/schema/api'
import { isActive } from '@dragonfly/schema/state'
import type { ApiClient, DeploymentRequest } from '../api.ts'

/** A deployment that a person asked for, and got. */
export interface OrderedDeployment {
  /** From 0, in the order in which they were asked for. */
  index: number
  mac: string
  machineId: string
  hostname: string
  imageId: string
  deploymentId: string
  /** It was answered with 201; else the answer was lost, and it was found later. */
  isAcknowledged: boolean
}

const retryMs = 500
/** As patient as a person with a control plane that is down; nothing here is down for longer than a start takes. */
const patienceMs = 300_000

/** Asks until there is an answer. @throws Error with the last one's, when none comes. */
export async function persist<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = Date.now() + patienceMs
  let last: unknown = 'there was nothing to be had'
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      last = error
    }
    if (Date.now() > deadlineMs) throw new Error(`${what}: ${patienceMs / 1000} s in vain: ${String(last)}`)
    await sleep(retryMs)
  }
}

/** Adopts a machine, whatever becomes of the answers. */
export async function adoptMachine(api: ApiClient, machineId: string, name: string): Promise<void> {
  await persist(`adopting ${name}`, async () => {
    const { adopted } = await api.machine(machineId)
    return adopted || (await api.adoptMachine(machineId, name)).adopted
  })
}

/** Asks for a deployment until there is exactly one, whatever becomes of the answers. */
export async function orderDeployment(
  api: ApiClient,
  request: DeploymentRequest,
): Promise<{ deploymentId: string; isAcknowledged: boolean }> {
  return persist(`ordering ${request.hostname}`, async () => {
    const standing = await findByHostname(api, request)
    if (standing) return { deploymentId: standing.deploymentId, isAcknowledged: false }
    const answer = await api.askForDeployment(request)
    if (answer.status === 201) {
      const { deploymentId } = answer.body as DeploymentView
      return { deploymentId, isAcknowledged: true }
    }
    throw new Error(`answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  })
}

async function findByHostname(
  api: ApiClient,
  { machineId, hostname }: DeploymentRequest,
): Promise<DeploymentView | undefined> {
  const path = `/api/v1/deployments?machineId=${machineId}`
  const { items } = await api.request<{ items: DeploymentView[] }>('GET', path)
  return items.find((view) => view.hostname === hostname)
}

/** Waits for its end. @throws Error with where it stands, when it does not end in time. */
export async function untilEnded(
  api: ApiClient,
  deploymentId: string,
  endsWithinMs: number,
  onLook: (view: DeploymentView) => void,
): Promise<DeploymentView> {
  const deadlineMs = Date.now() + endsWithinMs
  for (;;) {
    const view = await persist(`deployment ${deploymentId}`, () => api.deployment(deploymentId))
    if (!isActive(view.status)) return view
    onLook(view)
    if (Date.now() > deadlineMs)
      throw new Error(
        `deployment ${deploymentId} (${view.hostname}) is stuck: ${view.status} at ${view.stage}, try ${view.attempt}`,
      )
    await sleep(1000)
  }
}
