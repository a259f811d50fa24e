import type { SendFilePart } from '../../io/file-sender.ts'
import type { OpenUdpSocket } from '../../ports/udp.ts'
import type { BootEvent } from '../../protocol/boot-messages.ts'
import type { IndexedBootView } from '../../protocol/boot-view.ts'
import type { KnownOffers } from '../../protocol/known-offers.ts'
import type { BootFiles } from './boot-files.ts'
import type { Counters } from './counters.ts'
import type { Leasing } from './leasing.ts'

export interface BootPorts {
  dhcpServer: number
  dhcpClient: number
  /** PXE's boot server port. */
  bootServer: number
  tftp: number
  bootHttp: number
  /** The supervisor's, for the ramdisk's command line. */
  agentHttp: number
}

/** What the services of the boot responder share. */
export interface BootContext {
  ports: BootPorts
  /** The view in force: read it for each packet, for it changes. */
  index: () => IndexedBootView
  files: BootFiles
  counters: Counters
  offers: { known: KnownOffers; countAnswered: () => void }
  leasing: () => Leasing
  openUdpSocket: OpenUdpSocket
  sendFilePart: SendFilePart
  now: () => number
  /** Listeners close for another process: what machines are fetching goes on. */
  isDraining: () => boolean
  /** What has to be put together first is so only where it may be told: a flood of packets is no flood of messages. */
  report: (event: BootEvent | (() => BootEvent)) => void
  /** For what is dropped or odd; silent unless asked for. */
  debug: (text: string) => void
}
