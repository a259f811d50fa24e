import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BmcView, DeploymentView, MachineDetail, SealingKeysView } from '@dragonfly/schema/api'
import { sealFor, verifySealingKey } from '@dragonfly/schema/sealing'
import { isActive } from '@dragonfly/schema/state'
import { expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { runCommand, tryCommand } from '../src/command.ts'
import { importFile, runOverSsh } from '../src/deploy.ts'
import { ensureImage } from '../src/image/build.ts'
import type { Lab } from '../src/lab.ts'
import type { Machine } from '../src/machine.ts'
import { type Product, startProduct } from '../src/product.ts'
import { inRack } from './support/rack.ts'

/** Takes a machine in by its BMC's address, sealing the password as the browser does. */
async function adoptByAddress(
  { api, siteId }: Product,
  address: string,
  user: { name: string; password: string },
): Promise<string> {
  const { machineId } = await api.request<MachineDetail>('POST', '/api/v1/bmcs', {
    siteId,
    address,
    name: 'rack-1',
  })
  const { edges } = await api.request<SealingKeysView>('GET', `/api/v1/sites/${siteId}/sealing-keys`)
  const checks = await Promise.all(
    edges.map((edge) => verifySealingKey(edge.sealingKey ?? '', edge.publicKey)),
  )
  const keys = checks.flatMap((check) => (check.kind === 'refused' ? [] : [check.key]))
  const { name: username, password } = user
  const sealed = await sealFor({ format: 1, siteId, machineId, address, username, password }, keys)
  await api.request('PUT', `/api/v1/machines/${machineId}/bmc`, { address, credentials: sealed })
  return machineId
}

async function deployTo(
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
  expect(view.status, JSON.stringify([view.failure, view.timeline])).toBe('deployed')
  expect(await runOverSsh(lab, { address: view.address ?? '', user: 'ada', key, command: 'hostname' })).toBe(
    hostname,
  )
  return view
}

const notesOf = (view: DeploymentView): string => view.timeline.map(({ note }) => note ?? '').join('\n')

async function waitForPower({ api }: Product, machineId: string, powerState: string): Promise<MachineDetail> {
  return waitUntil(
    `its BMC to say that it is ${powerState}`,
    async () => {
      const found = await api.machine(machineId)
      return found.bmc?.powerState === powerState ? found : undefined
    },
    60_000,
  )
}

/** In clear it is nowhere: not in a log, a database, or its journal. */
async function expectNowhere(lab: Lab, password: string): Promise<void> {
  const machines = '--exclude-dir=machines'
  const found = await tryCommand(['grep', '-r', '-l', '-a', machines, password, lab.state.dir])
  expect(found.stdout).toBe('')
}

test('a machine that is off, known by its BMC’s address alone, is deployed; and again while it runs', () =>
  inRack('bmc-deploy', async (lab) => {
    const product = await startProduct(lab)
    const password = `p-${randomBytes(6).toString('hex')}`
    const machine: Machine = await lab.addMachine('rack-1', {
      firmware: 'bios',
      // Nobody but its BMC makes it ask the network.
      firstBoot: 'disk',
      bmc: { users: [{ name: 'admin', password }] },
    })
    const machineId = await adoptByAddress(product, machine.spec.bmc?.address ?? '', {
      name: 'admin',
      password,
    })
    const known = await waitForPower(product, machineId, 'off')
    expect(known).toMatchObject({ macs: [], smbiosUuid: machine.spec.uuid.toLowerCase(), status: 'ready' })

    const first = await deployTo(lab, product, machineId, 'rack-1')
    expect(notesOf(first)).toContain('By its BMC (IPMI): it was off; network boot is set for its next start')
    expect(await product.api.machine(machineId)).toMatchObject({
      macs: [machine.mac],
      serial: machine.spec.serialNumber,
      bmc: { powerState: 'on', problem: null },
    })
    expect((await product.api.machines()).length).toBe(1)

    const second = await deployTo(lab, product, machineId, 'rack-2')
    expect(notesOf(second)).toContain('it was on, and was switched off')

    await product.api.request(
      'POST',
      `/api/v1/machines/${machineId}/power`,
      { operation: 'off' },
      await product.api.confirm('powerMachine', { machineId, operation: 'off' }),
    )
    await waitForPower(product, machineId, 'off')
    expect(await machine.isOn()).toBe(false)
    const bmc = await product.api.request<BmcView>('GET', `/api/v1/machines/${machineId}/bmc`)
    expect(bmc.capabilities).toContainEqual({ capability: 'power', driver: 'ipmi', failures: [] })
    await expectNowhere(lab, password)
    await product.stop()
  }))
