import { dhcpOptions } from '../codec/dhcp/options.ts'
import { type DhcpPacket, optionAreaOffset } from '../codec/dhcp/packet.ts'
import type { Ipv4 } from '../codec/ipv4.ts'
import { decodeMac } from '../codec/mac.ts'
import { decodeSmbiosUuid } from '../codec/uuid.ts'
import type { SeenBootClient } from './boot-answer.ts'
import type { IndexedBootView } from './boot-view.ts'
import type { ProxyDhcpDecision } from './proxy-dhcp.ts'

/** A DISCOVER on port 67 and what of its way the answer depends on. */
export interface HeardDiscover {
  bytes: Uint8Array
  from: Ipv4
  serverAddress: Ipv4
  index: IndexedBootView
}

/** The answer to a DISCOVER that was like one before. */
interface KnownOffer {
  bytes: Uint8Array
  to: { address: Ipv4; port: number }
  bootFile: string
  /** Reads who asked, where somebody wants to know. */
  readSeen: () => SeenBootClient
}

/**
 * Answers of the proxy by what they answer. Machines of one make ask with the same bytes, but for who they are and which
 * transaction it is, and are answered with the same bytes, but for those: a site that starts at once is decoded, decided
 * and encoded for a few of its machines.
 */
export interface KnownOffers {
  /** Undefined where nothing like it was answered since the view changed: decide, then `learn`. */
  find: (heard: HeardDiscover) => KnownOffer | undefined
  learn: (heard: HeardDiscover, packet: DhcpPacket, decision: OfferDecision, answer: Uint8Array) => void
}

type OfferDecision = Extract<ProxyDhcpDecision, { kind: 'reply' }>

interface Template {
  from: Ipv4
  serverAddress: Ipv4
  asked: Uint8Array
  /** Starts and ends of what must be the same, one behind the other. */
  alike: readonly number[]
  answer: Uint8Array
  decision: OfferDecision
  /** Where the UUID is in what was asked, and in the answer; undefined where it is no UUID. */
  uuidAt: { asked: number; answer: number } | undefined
}

const mostTemplates = 64
/** Memory for each answer alone would cost more than the answer. */
const pageBytes = 64 * 1024
const transactionAt = 4
const secondsAt = 8
const flagsAt = 10
const hardwareAt = 28
/** The maker's part of a MAC is decided upon (see `isRaspberryPi`), the rest is not. */
const makerSize = 3
const macSize = 6
const uuidSize = 16
/** Of an edge's probe, and of no firmware: type and UUID are 17 bytes, type and MAC 7. */
const firmwareIdSizes = [7, 17]

export function createKnownOffers(): KnownOffers {
  let templates: Template[] = []
  let index: IndexedBootView | undefined
  let oldest = 0
  let page = new Uint8Array()
  let used = 0
  /** What is sent stays as it is until the kernel has it: pages are never used again. */
  const copy = (bytes: Uint8Array): Uint8Array => {
    if (used + bytes.length > page.length) {
      page = new Uint8Array(pageBytes)
      used = 0
    }
    const copied = page.subarray(used, used + bytes.length)
    copied.set(bytes)
    used += bytes.length
    return copied
  }
  return {
    find: (heard) => {
      if (heard.index !== index) return undefined
      for (const template of templates) {
        if (isAlike(template, heard)) return fillIn(template, copy(template.answer), heard.bytes)
      }
      return undefined
    },
    learn: (heard, packet, decision, encoded) => {
      if (!isRepeatable(packet, decision, heard.index)) return
      if (heard.index !== index) {
        index = heard.index
        templates = []
        oldest = 0
      }
      templates[oldest] = createTemplate(heard, decision, encoded)
      oldest = (oldest + 1) % mostTemplates
    },
  }
}

/** Nothing of the answer comes from the machine itself, and the options are in one place. */
function isRepeatable(packet: DhcpPacket, { seen }: OfferDecision, { view }: IndexedBootView): boolean {
  return (
    view.unknownMachines !== 'ignore' && !seen.client.ipxe && !packet.options.has(dhcpOptions.overload.code)
  )
}

function createTemplate(
  { bytes, from, serverAddress }: HeardDiscover,
  decision: OfferDecision,
  encoded: Uint8Array,
): Template {
  const asked = Uint8Array.from(bytes)
  const uuid = findOnly(asked, dhcpOptions.machineUuid.code)
  const answerUuid = findOnly(encoded, dhcpOptions.machineUuid.code)
  const isUuid = uuid?.size === uuidSize + 1 && asked[uuid.at] === 0 && answerUuid?.size === uuid.size
  const id = findOnly(asked, dhcpOptions.clientIdentifier.code)
  const free: [number, number][] = [
    [transactionAt, flagsAt],
    [hardwareAt + makerSize, hardwareAt + macSize],
    ...(isUuid ? [[uuid.at + 1, uuid.at + uuid.size] as [number, number]] : []),
    ...(id && firmwareIdSizes.includes(id.size) ? [[id.at, id.at + id.size] as [number, number]] : []),
  ]
  free.sort(([one], [other]) => one - other)
  return {
    from,
    serverAddress,
    asked,
    alike: [0, ...free.flat(), asked.length],
    answer: encoded,
    decision,
    uuidAt: isUuid ? { asked: uuid.at + 1, answer: answerUuid.at + 1 } : undefined,
  }
}

/** Where an option's value is; undefined where there is none, or more than one part of it. */
function findOnly(bytes: Uint8Array, wanted: number): { at: number; size: number } | undefined {
  let found: { at: number; size: number } | undefined
  for (let at = optionAreaOffset; at < bytes.length; ) {
    const code = bytes[at] ?? endOption
    if (code === endOption) break
    const size = code === padOption ? -1 : (bytes[at + 1] ?? 0)
    if (code === wanted && found) return undefined
    if (code === wanted) found = { at: at + 2, size }
    at += size + 2
  }
  return found
}

const padOption = 0
const endOption = 255

function isAlike({ from, serverAddress, asked, alike }: Template, heard: HeardDiscover): boolean {
  const { bytes } = heard
  if (bytes.length !== asked.length || heard.serverAddress !== serverAddress || heard.from !== from)
    return false
  for (let range = 0; range < alike.length; range += 2) {
    const end = alike[range + 1] ?? 0
    for (let at = alike[range] ?? 0; at < end; at++) if (bytes[at] !== asked[at]) return false
  }
  return true
}

function fillIn({ decision, uuidAt }: Template, answered: Uint8Array, bytes: Uint8Array): KnownOffer {
  for (let at = transactionAt; at < secondsAt; at++) answered[at] = bytes[at] ?? 0
  for (let at = hardwareAt; at < hardwareAt + macSize; at++) answered[at] = bytes[at] ?? 0
  if (uuidAt) {
    for (let at = 0; at < uuidSize; at++) answered[uuidAt.answer + at] = bytes[uuidAt.asked + at] ?? 0
  }
  return {
    bytes: answered,
    to: decision.to,
    bootFile: decision.bootFile,
    readSeen: () => ({
      mac: decodeMac(bytes.subarray(hardwareAt, hardwareAt + macSize)),
      client: {
        ...decision.seen.client,
        ...(uuidAt
          ? { machineUuid: decodeSmbiosUuid(bytes.subarray(uuidAt.asked, uuidAt.asked + uuidSize)) }
          : {}),
      },
    }),
  }
}
