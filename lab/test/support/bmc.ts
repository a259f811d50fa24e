import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  CommandView,
  ConsoleRecording,
  DeploymentView,
  MachineDetail,
  SealingKeysView,
} from '@dragonfly/schema/api'
import { sealFor, verifySealingKey } from '@dragonfly/schema/sealing'
import { type BmcProtocol, type BmcReading, isActive } from '@dragonfly/schema/state'
import { waitUntil } from '../../src/api.ts'
import { runCommand } from '../../src/command.ts'
import { importFile, runOverSsh } from '../../src/deploy.ts'
import { ensureImage } from '../../src/image/build.ts'
import type { Lab } from '../../src/lab.ts'
import type { Product } from '../../src/product.ts'

/** Takes a machine in by its BMC's address, sealing the password as the browser does. */
export async function adoptByAddress(
  product: Product,
  address: string,
  user: { name: string; password: string },
  { protocol = 'ipmi', name = 'rack-1' }: { protocol?: BmcProtocol; name?: string } = {},
): Promise<string> {
  const { api, siteId } = product
  const { machineId } = await api.request<MachineDetail>('POST', '/api/v1/bmcs', {
    siteId,
    address,
    protocol,
    name,
  })
  await enterBmc(product, machineId, { address, protocol, username: user.name, password: user.password })
  return machineId
}

/** Says how a machine's power is reached, with a password that is sealed as the browser does. */
export async function enterBmc(
  { api, siteId }: Product,
  machineId: string,
  reach: { address: string; protocol: BmcProtocol; username: string; password: string },
): Promise<void> {
  const { address, protocol, username, password } = reach
  const { edges } = await api.request<SealingKeysView>('GET', `/api/v1/sites/${siteId}/sealing-keys`)
  const checks = await Promise.all(
    edges.map((edge) => verifySealingKey(edge.sealingKey ?? '', edge.publicKey)),
  )
  const keys = checks.flatMap((check) => (check.kind === 'refused' ? [] : [check.key]))
  const sealed = await sealFor({ format: 1, siteId, machineId, address, username, password }, keys)
  await api.request('PUT', `/api/v1/machines/${machineId}/bmc`, {
    address,
    protocol,
    credentials: sealed,
  })
}

/** What came of a command, once it has ended. */
export function endOfCommand({ api }: Product, { commandId }: CommandView): Promise<CommandView> {
  return waitUntil(
    'the command to end',
    async () => {
      const found = await api.request<CommandView>('GET', `/api/v1/commands/${commandId}`)
      return found.status === 'pending' ? undefined : found
    },
    180_000,
  )
}

export async function deployTo(
  lab: Lab,
  product: Product,
  machineId: string,
  hostname: string,
): Promise<DeploymentView> {
  const { api } = product
  const { path, sha256 } = await ensureImage('light')
  const imageId = await importFile(lab, product, { name: `Debian 12 for ${hostname}`, path, sha256 })
  const key = join(lab.state.dir, 'ssh-key')
  await runCommand(['sh', '-c', `test -e ${key} || ssh-keygen -q -t ed25519 -N '' -f ${key}`])
  const { deploymentId } = await api.createDeployment({
    machineId,
    imageId,
    hostname,
    disk: { by: 'smallest', kind: 'any' },
    sshKeys: [(await readFile(`${key}.pub`, 'utf8')).trim()],
    user: 'ada',
  })
  const view = await waitUntil(
    'the deployment to end',
    async () => {
      const found = await api.deployment(deploymentId)
      return isActive(found.status) ? undefined : found
    },
    900_000,
  )
  if (view.status !== 'deployed') throw new Error(JSON.stringify([view.failure, view.timeline]))
  const said = await runOverSsh(lab, { address: view.address ?? '', user: 'ada', key, command: 'hostname' })
  if (said !== hostname) throw new Error(`the installed system calls itself ${said}`)
  return view
}

export const notesOf = (view: DeploymentView): string =>
  view.timeline.map(({ note }) => note ?? '').join('\n')

export async function waitForPower(
  { api }: Product,
  machineId: string,
  powerState: string,
): Promise<MachineDetail> {
  return waitUntil(
    `its BMC to say that it is ${powerState}`,
    async () => {
      const found = await api.machine(machineId)
      return found.bmc?.powerState === powerState ? found : undefined
    },
    300_000,
  )
}

/** Has something read of a machine's BMC, and gives what came of it. */
export async function readFromBmc(
  { api }: Product,
  machineId: string,
  what: BmcReading,
): Promise<CommandView> {
  const { commandId } = await api.request<CommandView>('POST', `/api/v1/machines/${machineId}/bmc/read`, {
    what,
  })
  return waitUntil(
    `the ${what} of its BMC`,
    async () => {
      const found = await api.request<CommandView>('GET', `/api/v1/commands/${commandId}`)
      return found.status === 'pending' ? undefined : found
    },
    300_000,
  )
}

/** What a machine wrote on its serial console during a deployment. */
export async function readConsole({ api }: Product, deploymentId: string): Promise<string> {
  const path = `/api/v1/deployments/${deploymentId}/console`
  const { frames } = await api.request<ConsoleRecording>('GET', path)
  return Buffer.concat(frames.map(({ data }) => Buffer.from(data, 'base64'))).toString()
}
