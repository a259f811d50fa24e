import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiClient } from '../api.ts'
import { enrolEdge, openEdgeLink } from './edge-link.ts'
import { driveFleet, prepareSite } from './fleet-driver.ts'
import { simulatedCommands } from './simulated-bmcs.ts'
import { createSimulatedSite, type SimulationOptions } from './simulated-site.ts'

const tickMs = 250
const telemetryMs = 500

export interface SimulateOptions extends SimulationOptions {
  url: string
  /** An enrolment token; without one, a site "Simulated" is made as the administrator of the environment. */
  token: string | null
  /** How many deployments are kept under way; 0 leaves the machines alone. */
  deploying: number
}

/** Runs a simulated site against a control plane until Ctrl-C; returns the exit code. */
export async function simulate(options: SimulateOptions): Promise<number> {
  const say = (text: string): void => void process.stderr.write(`simulator: ${text}\n`)
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  const api = options.token === null || options.deploying > 0 ? await signIn(options.url) : null
  const token = options.token ?? (await prepareSite(api, 'Simulated'))
  const identity = await enrolEdge(options.url, token, 'simulated-edge')
  const site = createSimulatedSite(options)
  const link = openEdgeLink(identity, {
    onState: (state) => site.handleState(state, Date.now()),
    onStatus: say,
    commands: simulatedCommands,
    onCommand: site.answer,
    onCancel: site.cancel,
  })
  const ticking = setInterval(() => link.append(site.tick(Date.now())), tickMs)
  const telling = setInterval(() => {
    const frame = site.telemetry(Date.now())
    if (frame) link.send(frame)
    for (const measured of site.measured(Date.now())) link.send(measured)
  }, telemetryMs)
  if (api && options.deploying > 0)
    void driveFleet(
      api,
      { siteId: identity.siteId, edgeId: identity.edgeId, ...options },
      stopping.signal,
      say,
    ).catch((error: Error) => say(error.message))
  if (!stopping.signal.aborted) await once(stopping.signal, 'abort')
  clearInterval(ticking)
  clearInterval(telling)
  await sleep(100)
  link.stop()
  return 0
}

async function signIn(url: string): Promise<ApiClient> {
  const { DRAGONFLY_ADMIN_EMAIL: email, DRAGONFLY_ADMIN_PASSWORD: password } = process.env
  if (!email || !password)
    throw new Error(
      'Give --token, or the administrator as DRAGONFLY_ADMIN_EMAIL and DRAGONFLY_ADMIN_PASSWORD.',
    )
  const api = new ApiClient(url)
  await api.signIn(email, password)
  return api
}
