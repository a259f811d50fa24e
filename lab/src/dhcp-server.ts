import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commandOn, lan } from './network.ts'
import { type LabState, recordProcess } from './state.ts'

/**
 * The customer's DHCP and DNS server: it hands out addresses, a router and a resolver, and knows nothing of
 * network boot. Router advertisements are on because an iPXE that finds no IPv6 router waits 16 s for one;
 * the ping check is off because it delays every first lease by 3 s.
 */
function dnsmasqArguments(state: LabState): string[] {
  return [
    'dnsmasq',
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--user=root',
    '--interface=eth0',
    '--bind-interfaces',
    '--no-resolv',
    '--no-hosts',
    '--domain=rack.example',
    `--dhcp-range=${lan.leaseFirst},${lan.leaseLast},255.255.255.0,1h`,
    `--dhcp-option=option:router,${lan.customer}`,
    `--dhcp-option=option:dns-server,${lan.customer}`,
    '--dhcp-authoritative',
    '--no-ping',
    '--log-dhcp',
    '--log-facility=-',
    `--dhcp-leasefile=${leasesFile(state)}`,
    '--enable-ra',
    `--dhcp-range=${lan.ipv6Prefix},ra-only,64,1h`,
    '--ra-param=eth0,5',
    '--pid-file=',
  ]
}

function leasesFile(state: LabState): string {
  return join(state.dir, 'dhcp.leases')
}

function dhcpLogFile(state: LabState): string {
  return join(state.dir, 'dhcp.log')
}

/** Starts the customer's DHCP server in the background; `lab down` ends it. */
export async function startDhcpServer(state: LabState): Promise<void> {
  await writeFile(leasesFile(state), '')
  await writeFile(dhcpLogFile(state), '')
  const [file = '', ...args] = commandOn(state, 'customer', dnsmasqArguments(state))
  const log = openSync(dhcpLogFile(state), 'a')
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  child.unref()
  if (child.pid === undefined) throw new Error('dnsmasq could not be started: is dnsmasq-base installed?')
  await recordProcess(state, child.pid, 'dnsmasq')
}
