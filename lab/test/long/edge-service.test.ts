import { expect, test } from 'vitest'
import { ApiClient, waitUntil } from '../../src/api.ts'
import { ensureHostPackages } from '../../src/host-packages.ts'
import { administrator, startControlPlane } from '../../src/product.ts'
import {
  type EdgeHost,
  edgeEntry,
  edgeNode,
  forwardToHost,
  servesTftp,
  startEdgeHost,
} from '../support/edge-host.ts'
import { inRack } from '../support/rack.ts'

const unit = 'dragonfly-edge.service'
/** CAP_NET_BIND_SERVICE (10) and CAP_NET_RAW (13). */
const netCapabilities = '0000000000002400'

async function show(host: EdgeHost, property: string): Promise<string> {
  return host.run(`systemctl show --value -p ${property} ${unit}`)
}

/** The rights of every process of the service. */
async function expectLeastPrivilege(host: EdgeHost): Promise<void> {
  const group = await show(host, 'ControlGroup')
  const statuses = await host.run(
    `for pid in $(cat /sys/fs/cgroup${group}/cgroup.procs); do cat /proc/$pid/status; echo; done`,
  )
  const user = await host.run('id -u dragonfly-edge')
  expect(user).not.toBe('0')
  const processes = statuses.split('\n\n').filter((text) => text.includes('Uid:'))
  expect(processes.length, statuses).toBeGreaterThanOrEqual(3)
  for (const text of processes) {
    expect(text).toMatch(new RegExp(`^Uid:\t${user}\t${user}\t${user}\t${user}$`, 'm'))
    expect(text).toContain(`CapEff:\t${netCapabilities}\n`)
    expect(text).toContain(`CapBnd:\t${netCapabilities}\n`)
    expect(text).toContain('NoNewPrivs:\t1\n')
  }
}

const testTimeoutMs = 2_400_000

test(
  'installed from its tarball on a Debian host, an edge is a service of systemd: unprivileged, killed and back, there after a reboot',
  () =>
    inRack('edge-service', async (lab) => {
      await ensureHostPackages(['curl'])
      const controlPlane = await startControlPlane(lab)
      const api = new ApiClient(controlPlane.url)
      await api.signIn(administrator.email, administrator.password)
      const { siteId } = await api.createSite('Cupboard')
      const token = await api.createEnrolmentToken(siteId)
      const url = await forwardToHost(lab, controlPlane.url)
      const host = await startEdgeHost(lab)

      const installed = await host.run(`${edgeNode} ${edgeEntry} install`)
      expect(installed).toContain('Now join, then start it')
      expect(await host.run(`systemctl is-enabled ${unit}`)).toBe('enabled')
      const join = `${edgeNode} ${edgeEntry} join ${url} ${token} --data /var/lib/dragonfly-edge`
      await host.run(`sudo -u dragonfly-edge ${join}`)
      // Type=notify: this returns when the edge has said that it is ready.
      await host.run(`systemctl start ${unit}`)
      expect(await show(host, 'ActiveState')).toBe('active')

      const edge = await waitUntil(
        'the edge to be online and to name its interface',
        async () =>
          (await api.edges()).find((found) =>
            found.interfaces.some(({ address }) => address === host.address),
          ),
        300_000,
      )
      const { name } = edge.interfaces.find(({ address }) => address === host.address) ?? { name: '' }
      await api.serveNetboot(edge.edgeId, name)
      const serving = (what: string) =>
        waitUntil(what, async () => (await servesTftp(lab, host.address)) || undefined, 600_000, 2000)
      await serving('the edge to hold the boot bundle, and to serve it')
      await expectLeastPrivilege(host)

      const killed = await show(host, 'MainPID')
      await host.run(`kill -9 ${killed}`)
      await waitUntil(
        'systemd to start it again',
        async () => {
          const restarts = await show(host, 'NRestarts')
          return (Number(restarts) >= 1 && (await show(host, 'ActiveState')) === 'active') || undefined
        },
        300_000,
        1000,
      )
      expect(await show(host, 'MainPID')).not.toBe(killed)
      await serving('the edge to serve after it was killed')
      await expectLeastPrivilege(host)

      const from = await host.machine.serialLength()
      // The connection may end before the command does.
      await host.run('systemctl --no-block reboot').catch(() => '')
      await host.waitForBoot(from)
      await serving('the edge to serve after a reboot')
      await waitUntil(
        'systemd to call it active',
        async () => (await show(host, 'ActiveState')) === 'active' || undefined,
        300_000,
        1000,
      )
      await expectLeastPrivilege(host)
      await waitUntil(
        'it to be online',
        async () => (await api.edges())[0]?.status === 'online' || undefined,
        300_000,
      )
      await controlPlane.stop()
    }),
  testTimeoutMs,
)
