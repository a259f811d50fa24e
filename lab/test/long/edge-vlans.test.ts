import { fileURLToPath } from 'node:url'
import type { DeploymentView } from '@dragonfly/schema/api'
import { isActive } from '@dragonfly/schema/state'
import { expect, test } from 'vitest'
import { ApiClient, waitUntil } from '../../src/api.ts'
import { ensureImage } from '../../src/image/build.ts'
import { serveImage } from '../../src/image-host.ts'
import type { Lab } from '../../src/lab.ts'
import type { Machine } from '../../src/machine.ts'
import { administrator, startControlPlane } from '../../src/product.ts'
import { edgeEntry, edgeNode, forwardToHost, startEdgeHost } from '../support/edge-host.ts'
import { inRack } from '../support/rack.ts'

const switchProgram = fileURLToPath(new URL('../support/vlan-switch.ts', import.meta.url))
const testTimeoutMs = 2_400_000
const unit = 'dragonfly-edge.service'

/** UDP ports in the rack's own namespace: the switch's, and the machine's at the other end of the cable. */
const trunk = { switchPort: 7700, ownPort: 7800 }
const lans = [
  { vlan: 10, network: '10.81.0', cable: { switchPort: 7701, ownPort: 7801 } },
  { vlan: 20, network: '10.82.0', cable: { switchPort: 7702, ownPort: 7802 } },
] as const

async function startSwitch(lab: Lab): Promise<void> {
  const ports = [
    `TRUNK=${trunk.switchPort}:${trunk.ownPort}`,
    ...lans.map(({ vlan, cable }) => `${vlan}=${cable.switchPort}:${cable.ownPort}`),
  ]
  const child = await lab.spawn('lan', [process.execPath, switchProgram, ...ports], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', () => reject(new Error('the switch did not start')))
  })
}

async function importImage(lab: Lab, api: ApiClient): Promise<string> {
  const { path, sha256 } = await ensureImage()
  const host = await serveImage(path, lab.uplink.hostAddress)
  const url = await forwardToHost(lab, host.url)
  const { imageId } = await api.createImage({ name: 'Debian 12', url, checksum: sha256 })
  await waitUntil(
    'the image to be imported',
    async () => {
      const image = await api.image(imageId)
      const failure = image.edges.find((edge) => edge.failure)?.failure
      if (failure) throw new Error(`${failure.message} ${failure.nextStep}`)
      return image.status === 'ready' || undefined
    },
    600_000,
  )
  await host.close()
  return imageId
}

async function deploy(
  api: ApiClient,
  machine: Machine,
  order: { siteId: string; imageId: string },
): Promise<DeploymentView> {
  const { siteId, imageId } = order
  const { machineId } = await api.createMachine({ siteId, mac: machine.mac, name: machine.name })
  const { deploymentId } = await api.createDeployment({
    machineId,
    imageId,
    hostname: machine.name,
    disk: { by: 'smallest', kind: 'any' },
    sshKeys: [],
  })
  await waitUntil(
    'the edge to know of it',
    async () => (await api.edges())[0]?.upToDate || undefined,
    300_000,
  )
  await machine.powerOn()
  return waitUntil(
    'the deployment to end',
    async () => {
      const view = await api.deployment(deploymentId)
      return isActive(view.status) ? undefined : view
    },
    1_200_000,
  )
}

test(
  'an edge with two VLANs on one network card gives out addresses on both, and deploys a machine on each',
  () =>
    inRack('edge-vlans', async (lab) => {
      const controlPlane = await startControlPlane(lab)
      const api = new ApiClient(controlPlane.url)
      await api.signIn(administrator.email, administrator.password)
      const { siteId } = await api.createSite('Two VLANs')
      const token = await api.createEnrolmentToken(siteId)
      const url = await forwardToHost(lab, controlPlane.url)
      await startSwitch(lab)
      const host = await startEdgeHost(lab, { nics: ['virtio', 'virtio'], cables: [undefined, trunk] })
      const card = (
        await host.run(`grep -l ${host.machine.spec.nics[1]?.mac} /sys/class/net/*/address | cut -d/ -f5`)
      ).trim()
      await host.run(`ip link set ${card} up`)
      for (const { vlan, network } of lans) {
        const device = `${card}.${vlan}`
        await host.run(`ip link add link ${card} name ${device} type vlan id ${vlan}`)
        await host.run(`ip addr add ${network}.1/24 dev ${device} && ip link set ${device} up`)
      }
      await host.run(`${edgeNode} ${edgeEntry} install`)
      const join = `${edgeNode} ${edgeEntry} join ${url} ${token} --data /var/lib/dragonfly-edge`
      await host.run(`sudo -u dragonfly-edge ${join}`)
      await host.run(`systemctl start ${unit}`)
      const edge = await waitUntil(
        'the edge to name its VLANs',
        async () =>
          (await api.edges()).find(({ interfaces }) =>
            lans.every(({ network }) => interfaces.some(({ address }) => address === `${network}.1`)),
          ),
        300_000,
      )
      const interfaces = lans.map(({ vlan, network }) => ({
        name: `${card}.${vlan}`,
        mode: 'full',
        dhcpSettings: {
          firstAddress: `${network}.100`,
          lastAddress: `${network}.109`,
          gateway: null,
          dnsServers: [],
          ntpServers: [],
          domain: null,
          leaseSeconds: 3600,
          clients: 'everyone',
          relayed: [],
        },
      }))
      await api.request('PATCH', `/api/v1/edges/${edge.edgeId}`, { interfaces })
      const imageId = await importImage(lab, api)
      await waitUntil(
        'the edge to hold the boot bundle, and to serve',
        async () => {
          const [found] = await api.edges()
          return found?.upToDate && found.bundleVersion !== null ? found : undefined
        },
        600_000,
      )
      for (const { vlan, network, cable } of lans) {
        const machine = await lab.addMachine(`vlan-${vlan}`, { firmware: 'bios', cables: [cable] })
        const view = await deploy(api, machine, { siteId, imageId })
        console.log(vlan, JSON.stringify([view.status, view.address, view.failure]))
        expect(view).toMatchObject({ status: 'deployed', failure: null })
        expect(view.address).toMatch(new RegExp(`^${network.replaceAll('.', '\\.')}\\.10\\d$`))
        await machine.powerOff()
      }
      await controlPlane.stop()
    }),
  testTimeoutMs,
)
