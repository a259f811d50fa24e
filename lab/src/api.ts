import { setTimeout as sleep } from 'node:timers/promises'
import type {
  ConfirmationView,
  DeploymentView,
  EdgeView,
  ImageView,
  LogView,
  MachineDetail,
  MachineView,
  SiteView,
} from '@dragonfly/schema/api'
import { confirmationHeader, type DestructiveOperation, type DiskRule } from '@dragonfly/schema/state'

export interface DeploymentRequest {
  machineId: string
  imageId: string
  hostname: string
  disk: DiskRule
  sshKeys: string[]
  user?: string
  networkConfig?: string
}

export interface ApiAnswer {
  status: number
  /** The parsed JSON; undefined when there was none. */
  body: unknown
}

/** The control plane's public API, as a person's browser uses it: a session cookie, and an Origin. */
export class ApiClient {
  readonly url: string
  #cookie = ''

  constructor(url: string) {
    this.url = url
  }

  /** One request, whatever the answer. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ApiAnswer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        origin: this.url,
        cookie: this.#cookie,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    })
    const text = await response.text()
    const cookies = response.headers.getSetCookie()
    if (cookies.length > 0) this.#cookie = cookies.map((cookie) => cookie.split(';')[0]).join('; ')
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  /** @throws Error that carries the status and the problem's own sentence. */
  async request<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const answer = await this.send(method, path, body, headers)
    if (answer.status >= 200 && answer.status < 300) return answer.body as T
    throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.request('POST', '/api/auth/sign-in/email', { email, password })
  }

  createSite(name: string): Promise<SiteView> {
    return this.request('POST', '/api/v1/sites', { name })
  }

  async createEnrolmentToken(siteId: string): Promise<string> {
    const path = `/api/v1/sites/${siteId}/enrolment-tokens`
    return (await this.request<{ token: string }>('POST', path)).token
  }

  async edges(): Promise<EdgeView[]> {
    return (await this.request<{ items: EdgeView[] }>('GET', '/api/v1/edges')).items
  }

  serveNetboot(edgeId: string, interfaceName: string): Promise<EdgeView> {
    const interfaces = [{ name: interfaceName, mode: 'proxy' }]
    return this.request('PATCH', `/api/v1/edges/${edgeId}`, { interfaces })
  }

  createImage(image: { name: string; url: string; checksum: string }): Promise<ImageView> {
    return this.request('POST', '/api/v1/images', image)
  }

  image(imageId: string): Promise<ImageView> {
    return this.request('GET', `/api/v1/images/${imageId}`)
  }

  async machines(): Promise<MachineView[]> {
    return (await this.request<{ items: MachineView[] }>('GET', '/api/v1/machines')).items
  }

  retryImage(imageId: string): Promise<ImageView> {
    return this.request('POST', `/api/v1/images/${imageId}/retry`)
  }

  machine(machineId: string): Promise<MachineDetail> {
    return this.request('GET', `/api/v1/machines/${machineId}`)
  }

  async deleteMachine(machineId: string): Promise<{ machineId: string; nextNetboot: string }> {
    const headers = await this.confirm('deleteMachine', { machineId })
    return this.request('DELETE', `/api/v1/machines/${machineId}`, undefined, headers)
  }

  /** The whole log of a machine, in the order in which it was taken in. */
  async machineLog(machineId: string): Promise<LogView['lines']> {
    const lines: LogView['lines'] = []
    for (let after = 0; ; ) {
      const path = `/api/v1/machines/${machineId}/log?limit=2000&after=${after}`
      const page = await this.request<LogView>('GET', path)
      if (page.lines.length === 0) return lines
      lines.push(...page.lines)
      after = page.next
    }
  }

  createMachine(machine: { siteId: string; mac: string; name?: string }): Promise<MachineDetail> {
    return this.request('POST', '/api/v1/machines', machine)
  }

  adoptMachine(machineId: string, name?: string): Promise<MachineDetail> {
    return this.request('POST', `/api/v1/machines/${machineId}/adopt`, name === undefined ? {} : { name })
  }

  /** Does what a person does by click and hold in safe mode; answers with the header to send along. */
  async confirm(
    operation: DestructiveOperation,
    targets: Record<string, unknown>,
  ): Promise<Record<string, string>> {
    const begun = await this.request<ConfirmationView>('POST', '/api/v1/confirmations', {
      operation,
      targets,
    })
    await sleep(begun.waitMs + 50)
    return { [confirmationHeader]: begun.confirmationId }
  }

  async createDeployment(deployment: DeploymentRequest): Promise<DeploymentView> {
    const answer = await this.askForDeployment(deployment)
    if (answer.status === 201) return answer.body as DeploymentView
    throw new Error(`the deployment was answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  }

  /** A confirmed order, and whatever the answer to it is. */
  async askForDeployment(deployment: DeploymentRequest): Promise<ApiAnswer> {
    const { machineId, imageId, disk } = deployment
    const headers = await this.confirm('createDeployment', { machineId, imageId, disk })
    return this.send('POST', '/api/v1/deployments', deployment, headers)
  }

  abortDeployment(deploymentId: string): Promise<DeploymentView> {
    return this.request('POST', `/api/v1/deployments/${deploymentId}/abort`)
  }

  deployment(deploymentId: string): Promise<DeploymentView> {
    return this.request('GET', `/api/v1/deployments/${deploymentId}`)
  }
}

/**
 * Asks again and again until there is an answer.
 * @throws Error that says what was waited for, after `timeoutMs`.
 */
export async function waitUntil<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  timeoutMs: number,
  everyMs = 250,
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadlineMs) throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`)
    await sleep(everyMs)
  }
}
