import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLab, type Lab } from '../src/lab.ts'
import { addLanAddress, lan } from '../src/network.ts'
import { execEdge } from '../src/product.ts'
import { endRecordedProcesses } from '../src/state.ts'

// Namespaces and dnsmasq, no machines: what an edge makes of the DHCP servers beside it.
const second = '10.77.0.3'
let lab: Lab

beforeEach(async () => {
  lab = await createLab({ name: 'dhcp-test' })
  await addLanAddress(lab.state, second)
})
afterEach(() => lab?.down())

/** What the edge heard on its LAN. */
async function listen() {
  const { stdout } = await execEdge(lab, ['dhcp', '--json'])
  const heard = JSON.parse(stdout) as { name: string; servers: unknown[]; failure: string | null }[]
  return heard.find(({ name }) => name === 'eth0')
}

/** Another dnsmasq, on the bridge itself. It is there when it has said so. */
async function startSecondServer(...options: string[]): Promise<void> {
  const child = await lab.spawn(
    'lan',
    [
      ...['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--user=root', '--interface=br0'],
      ...['--bind-interfaces', '--port=0', '--no-hosts', '--log-facility=-', '--pid-file='],
      ...[`--dhcp-leasefile=${lab.state.dir}/second.leases`, ...options],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (part) => {
      said += String(part)
      if (said.includes('started')) resolve()
    })
    child.on('exit', () => reject(new Error(`dnsmasq ended: ${said}`)))
  })
}

const customer = { address: lan.customer, isProxy: false, bootFile: null }

test('one server, none, and the words for both', async () => {
  expect(await listen()).toMatchObject({ failure: null, servers: [customer] })
  const said = await execEdge(lab, ['dhcp'])
  expect(said.stdout).toContain(`eth0: A DHCP server at ${lan.customer} answers: proxyDHCP is right.`)
  await endRecordedProcesses(lab.state)
  expect(await listen()).toMatchObject({ failure: null, servers: [] })
})

test('two servers, one of which pings an address before it offers it and names a boot file', async () => {
  await startSecondServer('--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0', '--dhcp-boot=old.0')
  expect(await listen()).toMatchObject({
    servers: [customer, { address: second, isProxy: false, bootFile: 'old.0' }],
  })
  const said = await execEdge(lab, ['dhcp'])
  expect(said.stdout).toContain(`2 DHCP servers answer on eth0: ${lan.customer}, ${second}.`)
  expect(said.stdout).toContain(`The DHCP server at ${second} on eth0 names a boot file of its own (old.0).`)
})

test('another PXE server beside the DHCP server', async () => {
  await startSecondServer(
    '--dhcp-range=10.77.0.0,proxy,255.255.255.0',
    '--dhcp-boot=pxelinux.0',
    '--pxe-service=X86-64_EFI,Boot,other.efi',
  )
  expect(await listen()).toMatchObject({ servers: [customer, { address: second, isProxy: true }] })
})
