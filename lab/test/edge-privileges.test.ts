import { closeSync, openSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { runCommand, tryCommand } from '../src/command.ts'
import { ensureBundle } from '../src/deploy.ts'
import { ensureHostPackages } from '../src/host-packages.ts'
import { createLab, type Lab } from '../src/lab.ts'
import { commandOn, lan } from '../src/network.ts'
import { edgeDataDir, edgeProgram, endChild, startProduct } from '../src/product.ts'

// Namespaces and the real programs, no machines: what an edge is allowed to, and that it is enough.
const nobody = 65_534
/** CAP_NET_BIND_SERVICE (10) and CAP_NET_RAW (13). */
const netCapabilities = '0000000000002400'

interface ProcessRights {
  user: string
  effective: string
  bounding: string
}

/** Of the processes that work on the lab's data directory. */
async function rightsOfEdge(lab: Lab): Promise<ProcessRights[]> {
  const { stdout } = await tryCommand(['pgrep', '-f', '--', edgeDataDir(lab)])
  const pids = stdout.split('\n').filter(Boolean)
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')))
  return texts
    .filter((text) => text.startsWith('Name:\tnode') || text.startsWith('Name:\tMainThread'))
    .map((text) => ({
      user: /^Uid:\t(\d+)/m.exec(text)?.[1] ?? '',
      effective: /^CapEff:\t(\w+)/m.exec(text)?.[1] ?? '',
      bounding: /^CapBnd:\t(\w+)/m.exec(text)?.[1] ?? '',
    }))
}

async function untilServing(lab: Lab): Promise<void> {
  const listen = commandOn(lab.state, 'edge', ['ss', '-lunH'])
  const isServing = async () => {
    const { stdout } = await tryCommand(listen)
    return [67, 69, 4011].every((port) => stdout.includes(`:${port} `)) || undefined
  }
  await waitUntil('the edge to serve DHCP, TFTP and PXE', isServing, 30_000)
}

test('root’s privileges go at once, and a user with two capabilities serves DHCP, TFTP and HTTP', async () => {
  await ensureBundle()
  await ensureHostPackages(['busybox-static', 'curl'])
  await using lab = await createLab({ name: 'privileges', dhcpServer: false })
  const product = await startProduct(lab)
  const dhcpSettings = {
    ...{
      firstAddress: lan.leaseFirst,
      lastAddress: lan.leaseLast,
      gateway: null,
      dnsServers: [],
      ntpServers: [],
    },
    ...{ domain: null, leaseSeconds: 3600, clients: 'everyone', relayed: [] },
  }
  const interfaces = [{ name: 'eth0', mode: 'full', dhcpSettings }]
  await product.api.request('PATCH', `/api/v1/edges/${product.edgeId}`, { interfaces })
  await untilServing(lab)
  const asRoot = await rightsOfEdge(lab)
  expect(asRoot.length).toBeGreaterThanOrEqual(2)
  for (const rights of asRoot)
    expect(rights).toEqual({ user: '0', effective: netCapabilities, bounding: netCapabilities })
  await product.edge.stop()

  await runCommand(['chown', '-R', `${nobody}:${nobody}`, edgeDataDir(lab)])
  await runCommand(['chmod', 'a+x', lab.state.dir])
  const two = '-all,+net_bind_service,+net_raw'
  const log = openSync(join(lab.state.dir, 'edge.log'), 'a')
  const edge = await lab.spawn(
    'edge',
    [
      ...['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--no-new-privs'],
      ...[`--inh-caps=${two}`, `--ambient-caps=${two}`, `--bounding-set=${two}`, '--'],
      ...[process.execPath, edgeProgram, 'run', '--data', edgeDataDir(lab)],
    ],
    { stdio: ['ignore', log, log] },
  )
  closeSync(log)
  await untilServing(lab)
  const asUser = await rightsOfEdge(lab)
  expect(asUser.length).toBeGreaterThanOrEqual(2)
  for (const rights of asUser)
    expect(rights).toEqual({ user: String(nobody), effective: netCapabilities, bounding: netCapabilities })

  const onLan = (argv: string[]) => runCommand(commandOn(lab.state, 'customer', argv))
  const script = join(lab.state.dir, 'lease.sh')
  const lease = join(lab.state.dir, 'lease')
  await writeFile(script, `#!/bin/sh\n[ "$1" = bound ] && env > ${lease}\nexit 0\n`, { mode: 0o755 })
  await onLan(['busybox', 'udhcpc', '-f', '-q', '-n', '-t', '5', '-T', '2', '-i', 'eth0', '-s', script])
  expect(await readFile(lease, 'utf8')).toContain(`serverid=${lan.edge}`)
  const fetched = join(lab.state.dir, 'undionly.kpxe')
  await onLan(['busybox', 'tftp', '-g', '-r', 'undionly.kpxe', '-l', fetched, lan.edge])
  const fromHttp = join(lab.state.dir, 'over-http')
  await onLan(['curl', '-fsS', '-o', fromHttp, `http://${lan.edge}:6870/boot/undionly.kpxe`])
  expect((await readFile(fetched)).equals(await readFile(fromHttp))).toBe(true)
  const ready = ['curl', '-fsS', `http://${lan.edge}:6872/readyz`]
  expect(await onLan(ready)).toBe('ok\n')
  await endChild(edge, 'SIGTERM')
  await product.controlPlane.stop()
})
