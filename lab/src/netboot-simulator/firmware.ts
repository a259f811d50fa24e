import type { Random } from '../simulator/random.ts'
import type { BootStage } from './boot-stage.ts'
import type { DhcpClient } from './dhcp-client.ts'
import { type DhcpAnswer, type DhcpQuestion, dhcpMessageTypes } from './dhcp-message.ts'
import { fetchByHttp } from './http-fetch.ts'
import { type IpxeOutcome, runIpxeScript } from './ipxe-script.ts'
import { pause } from './pause.ts'
import { fetchByTftp } from './tftp-client.ts'

export interface FirmwareHost {
  mac: string
  uuid: string
  manufacturer: string
  firmware: 'bios' | 'uefi'
  /** Believes nobody but a boot server on port 4011, as several vendors' ROMs do. */
  asksBootServer: boolean
  /** Of kernel and initrd; first stages are always fetched whole. */
  bootFiles: 'whole' | 'head'
  dhcp: DhcpClient
  random: Random
  isLost: () => boolean
  signal: AbortSignal
  /** Gives the machine's NIC its address. */
  takeAddress: (address: string) => Promise<void>
  reach: (stage: BootStage) => void
}

/** What the network had for a machine: a ramdisk with its command line, its own disk, or nothing. */
export type Netboot =
  | { kind: 'ramdisk'; kernelArguments: string[]; address: string }
  | { kind: 'own-disk'; address: string }
  | { kind: 'nothing'; why: string }

interface BootOffer {
  address: string
  /** Who gave the address. */
  dhcpServer: string
  boot: DhcpAnswer
}

/** From power-on to what the machine starts: as firmware, then as the iPXE that it loaded. */
export async function netboot(host: FirmwareHost): Promise<Netboot> {
  host.reach('firmware')
  const first = await findBootFile(host, false)
  if (!first) return { kind: 'nothing', why: 'no boot file was offered to the firmware' }
  const file = await nameFirstStage(host, first)
  if (file === null) return { kind: 'nothing', why: 'no boot server answered on port 4011' }
  await loadFirstStage(host, first, file)
  const offer = await findBootFile(host, true)
  if (!offer) return { kind: 'nothing', why: 'no script was offered to iPXE' }
  return runScripts(host, offer.boot.bootFile, offer.address)
}

/** DISCOVER until both an address and a boot file were offered, from one server or two; then REQUEST the address. */
async function findBootFile(host: FirmwareHost, isIpxe: boolean): Promise<BootOffer | null> {
  const question = createDiscover(host, isIpxe)
  const offers = await host.dhcp.ask(question, {
    signal: host.signal,
    isEnough: (answers) => answers.some(hasAddress) && answers.some(namesBootFile),
  })
  const leased = offers.find(hasAddress)
  const boot = offers.find(namesBootFile)
  if (!leased || !boot || !(await takeLease(host, question, leased))) return null
  return { address: leased.yourAddress, dhcpServer: leased.server, boot }
}

/** An address, as an operating system asks for it that has no use for a boot file; false when nobody gives one. */
export async function leaseAddress(host: FirmwareHost): Promise<boolean> {
  const question = createDiscover(host, false)
  const isEnough = (answers: readonly DhcpAnswer[]): boolean => answers.some(hasAddress)
  const leased = (await host.dhcp.ask(question, { signal: host.signal, isEnough })).find(hasAddress)
  return leased !== undefined && takeLease(host, question, leased)
}

function createDiscover(host: FirmwareHost, isIpxe: boolean): DhcpQuestion {
  return {
    type: dhcpMessageTypes.discover,
    transactionId: host.random.whole(0, 2 ** 32 - 1),
    mac: host.mac,
    uuid: host.uuid,
    architecture: host.firmware === 'uefi' ? 7 : 0,
    isIpxe,
  }
}

/** REQUESTs what was offered; false when it was not given after all. */
async function takeLease(host: FirmwareHost, question: DhcpQuestion, leased: DhcpAnswer): Promise<boolean> {
  const { yourAddress: address, server: dhcpServer } = leased
  const request = {
    ...question,
    type: dhcpMessageTypes.request,
    requestedAddress: address,
    server: dhcpServer,
  }
  const isAnswer = ({ type }: DhcpAnswer): boolean =>
    type === dhcpMessageTypes.ack || type === dhcpMessageTypes.nak
  const isEnough = (all: readonly DhcpAnswer[]): boolean => all.some(isAnswer)
  const answers = await host.dhcp.ask(request, { signal: host.signal, isEnough })
  if (!answers.some(({ type }) => type === dhcpMessageTypes.ack)) return false
  await host.takeAddress(address)
  return true
}

const hasAddress = (answer: DhcpAnswer): boolean =>
  answer.type === dhcpMessageTypes.offer && answer.yourAddress !== '0.0.0.0'

const namesBootFile = (answer: DhcpAnswer): boolean =>
  answer.type === dhcpMessageTypes.offer && answer.bootFile !== '' && answer.vendorClass === 'PXEClient'

/** The file that the offer names, or what the boot server says where the firmware wants to hear it from that. */
async function nameFirstStage(host: FirmwareHost, { boot, address }: BootOffer): Promise<string | null> {
  if (boot.namesFileOnly && !host.asksBootServer) return boot.bootFile
  host.reach('boot-server')
  const question = {
    type: dhcpMessageTypes.request,
    transactionId: host.random.whole(0, 2 ** 32 - 1),
    mac: host.mac,
    uuid: host.uuid,
    architecture: host.firmware === 'uefi' ? 7 : 0,
    isIpxe: false,
    clientAddress: address,
  }
  const answers = await host.dhcp.ask(question, {
    signal: host.signal,
    isEnough: (all) => all.some(({ bootFile }) => bootFile !== ''),
    bootServer: boot.server,
  })
  return answers.find(({ bootFile }) => bootFile !== '')?.bootFile ?? null
}

async function loadFirstStage(host: FirmwareHost, { boot, address }: BootOffer, name: string): Promise<void> {
  const { signal, isLost } = host
  const isUefi = host.firmware === 'uefi'
  const request = { server: boot.nextServer, name, address, isLost, signal, windowSize: isUefi ? 4 : 1 }
  host.reach('first-stage')
  const sizeBytes = isUefi ? await fetchByTftp({ ...request, sizeOnly: true }) : null
  const received = await fetchByTftp(request)
  if (received === 0 || (sizeBytes !== null && received !== sizeBytes))
    throw new Error(`${name} came with ${received} bytes, and ${sizeBytes} were promised.`)
}

/** Runs the script, and every script that it chains to, until one starts something. */
async function runScripts(host: FirmwareHost, firstUrl: string, address: string): Promise<Netboot> {
  const { signal } = host
  const settings = {
    platform: host.firmware === 'uefi' ? 'efi' : 'pcbios',
    manufacturer: host.manufacturer.replaceAll(' ', '_'),
  }
  const fetchFile = async (url: string): Promise<boolean> => {
    host.reach('kernel')
    const method = host.bootFiles === 'head' ? 'HEAD' : 'GET'
    const answer = await fetchByHttp(url, { address, signal, method, keeps: false }).catch(() => null)
    signal.throwIfAborted()
    return answer?.status === 200
  }
  for (let url = firstUrl; ; ) {
    host.reach('script')
    const answer = await fetchByHttp(url, { address, signal })
    if (answer.status !== 200) return { kind: 'nothing', why: `the script was answered ${answer.status}` }
    const sleep = (ms: number): Promise<void> => pause(ms, signal)
    const outcome: IpxeOutcome = await runIpxeScript(answer.body.toString(), { settings, fetchFile, sleep })
    if (outcome.kind === 'boot') return { ...outcome, kind: 'ramdisk', address }
    if (outcome.kind === 'own-disk') return { kind: 'own-disk', address }
    if (outcome.kind === 'exit') return { kind: 'nothing', why: 'the script went back to the firmware' }
    if (!new URL(outcome.url).pathname.startsWith('/ipxe/')) {
      // Our GRUB, which starts what the disk holds.
      const loader = await fetchByHttp(outcome.url, { address, signal, keeps: false })
      return loader.status === 200
        ? { kind: 'own-disk', address }
        : { kind: 'nothing', why: `${outcome.url} was answered ${loader.status}` }
    }
    url = outcome.url
  }
}
