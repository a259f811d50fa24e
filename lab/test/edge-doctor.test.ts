import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { runCommand, tryCommand } from '../src/command.ts'
import { ensureHostPackages } from '../src/host-packages.ts'
import { createLab, type Lab } from '../src/lab.ts'
import { addLanAddress, commandOn, lan } from '../src/network.ts'
import { edgeProgram, execEdge, startProduct } from '../src/product.ts'
import { endRecordedProcesses } from '../src/state.ts'

// Namespaces, dnsmasq and the real programs, no machines: what `doctor` finds, and what it says to do.
let lab: Lab
beforeEach(async () => {
  lab = await createLab({ name: 'doctor-test' })
})
afterEach(() => lab?.down())

interface Finding {
  check: string
  level: string
  message: string
  remedy: string | null
}

async function examine(...args: string[]): Promise<{ code: number; running: boolean; findings: Finding[] }> {
  const { stdout, exitCode } = await execEdge(lab, ['doctor', '--json', ...args])
  const { running, findings } = JSON.parse(stdout) as { running: boolean; findings: Finding[] }
  return { code: exitCode, running, findings }
}

const of = (findings: readonly Finding[], check: string): Finding[] =>
  findings.filter((finding) => finding.check === check)

/** Somebody else on the edge's host. */
async function squat(script: string): Promise<ChildProcess> {
  const child = await lab.spawn('edge', [process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.stdout) await once(child.stdout, 'data')
  return child
}
const udp67 = "require('dgram').createSocket('udp4').bind(67, () => console.log('there'))"

test('before join: ports by whom, the ways to the control plane that fail, and nothing that is well', async () => {
  const squatter = await squat(udp67)
  const { code, running, findings } = await examine(`http://${lan.customer}:9`)
  expect({ code, running }).toEqual({ code: 2, running: false })
  expect(of(findings, 'ports')).toEqual([
    {
      check: 'ports',
      level: 'problem',
      message: expect.stringMatching(
        new RegExp(`UDP port 67 \\(DHCP\\) is taken by \\S+ \\(process ${squatter.pid}\\)`),
      ),
      remedy: expect.stringContaining(String(squatter.pid)),
    },
  ])
  expect(of(findings, 'control-plane')).toMatchObject([
    { level: 'problem', message: expect.stringContaining('ECONNREFUSED') },
  ])
  expect(of(findings, 'dhcp')).toMatchObject([
    { level: 'ok', message: expect.stringContaining(lan.customer) },
    { level: 'warning', message: expect.stringContaining('Nobody hands out addresses') },
  ])
  for (const { level, remedy } of findings)
    expect(remedy !== null).toBe(level === 'warning' || level === 'problem')
  const unresolved = await examine('https://control.invalid')
  expect(of(unresolved.findings, 'control-plane')).toMatchObject([
    { message: expect.stringContaining('control.invalid can’t be resolved') },
  ])
})

test('two DHCP servers, one with a boot file of its own; and none', async () => {
  await addLanAddress(lab.state, '10.77.0.3')
  const second = await lab.spawn(
    'lan',
    [
      ...[
        'dnsmasq',
        '--keep-in-foreground',
        '--conf-file=/dev/null',
        '--user=root',
        '--interface=br0',
        '--port=0',
      ],
      ...[
        '--bind-interfaces',
        '--no-hosts',
        '--log-facility=-',
        '--pid-file=',
        '--dhcp-boot=old.0',
        '--no-ping',
      ],
      ...[
        `--dhcp-leasefile=${lab.state.dir}/second.leases`,
        '--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0',
      ],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  if (second.stderr) await once(second.stderr, 'data')
  const messages = of((await examine()).findings, 'dhcp').map(({ message, remedy }) => `${message} ${remedy}`)
  expect(messages).toContainEqual(
    expect.stringMatching(/2 DHCP servers answer on eth0.*switch off all but one/),
  )
  expect(messages).toContainEqual(
    expect.stringMatching(/boot file of its own \(old\.0\).*clear its boot options/),
  )
  await endRecordedProcesses(lab.state)
  const alone = of((await examine()).findings, 'dhcp')
  expect(alone.map(({ message }) => message)).toContain('Nobody hands out addresses on eth0.')
})

test('a user without privileges, and a port that only root may look behind', async () => {
  await squat(udp67)
  await runCommand(['chmod', '-R', 'a+rX', lab.state.dir])
  const asNobody = commandOn(lab.state, 'edge', [
    ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--'],
    ...[process.execPath, edgeProgram, 'doctor', '--json', '--data', '/tmp/nobody-has-none'],
  ])
  const { stdout, exitCode } = await tryCommand(asNobody)
  const { findings } = JSON.parse(stdout) as { findings: Finding[] }
  expect(exitCode).toBe(2)
  expect(of(findings, 'privilege')).toMatchObject([
    { level: 'problem', remedy: expect.stringContaining('install') },
  ])
  expect(of(findings, 'ports')).toMatchObject([{ remedy: expect.stringContaining('sudo ss -lunpt') }])
})

test('a running edge is asked, and its own sockets are no strangers', async () => {
  const product = await startProduct(lab)
  const sockets = async () => (await tryCommand(commandOn(lab.state, 'edge', ['ss', '-lunH']))).stdout
  await waitUntil('the edge to serve DHCP', async () => / \S+:67 /.test(await sockets()) || undefined, 30_000)
  const { running, findings } = await examine()
  expect(running).toBe(true)
  expect(of(findings, 'ports')).toMatchObject([{ level: 'ok' }])
  expect(of(findings, 'control-plane')).toMatchObject([
    { level: 'ok', message: expect.stringContaining('knows this edge') },
  ])
  expect(of(findings, 'clock')).toMatchObject([{ level: 'ok' }])
  expect(of(findings, 'bundle')).toMatchObject([{ level: 'ok' }])
  await product.stop()
  expect(await examine()).toMatchObject({ running: false })
})

test('a firewall that drops what machines send is told by port', async () => {
  await ensureHostPackages(['nftables'])
  await runCommand(commandOn(lab.state, 'edge', ['nft', 'add', 'table', 'inet', 'site']))
  const chain = '{ type filter hook input priority 0; policy drop; }'
  await runCommand(commandOn(lab.state, 'edge', ['nft', `add chain inet site in ${chain}`]))
  await runCommand(
    commandOn(lab.state, 'edge', ['nft', 'add rule inet site in udp dport { 67, 68, 69, 4011 } accept']),
  )
  const [finding] = of((await examine()).findings, 'firewall')
  expect(finding).toMatchObject({
    level: 'problem',
    remedy: expect.stringContaining('6870/tcp, 6871/tcp, 6872/tcp'),
  })
  expect(finding?.remedy).not.toContain('67/udp')
})
