import type { DeploymentStage, DeploymentStatus } from '@dragonfly/schema/state'
import type { SiteEvent } from '@dragonfly/schema/wire'

/** Why a try of a deployment ended. */
export interface Setback {
  reason: string
  message: string
}

/** One deployment as its edge sees it; kept on disk, so that it goes on after the edge restarts. */
export interface DeploymentState {
  deploymentId: string
  machineId: string
  status: DeploymentStatus
  stage: DeploymentStage
  attempt: number
  /** After this the machine is not booted into the ramdisk for it any more. */
  armedUntil: number
  phonesHome: boolean
  /** The order handed to the ramdisk in this attempt; null until then. */
  orderId: string | null
  /** The order handed out last, in whichever attempt: a boot that still works on it goes on. */
  lastOrderId: string | null
  /** Last sign of life; feeds the stage's watchdog. */
  signAt: number
  abortSentAt: number | null
  /** The ramdisk's link closed since it was told to restart. */
  linkLost: boolean
  disk: string | null
  bytesDone: number
  bytesTotal: number
  progressJournaledAt: number
  /** What ended the previous attempt, or the deployment. */
  setback: Setback | null
}

export type DeploymentInput =
  /** The firmware (or iPXE itself) asked the network for a boot file. */
  | { type: 'netboot'; ipxe: boolean }
  | { type: 'boot-file' }
  | { type: 'script'; served: 'ramdisk' | 'local' | 'hold' }
  | { type: 'kernel' }
  /** The ramdisk said hello; `newBoot` false on a reconnect of the same boot. */
  | { type: 'hello'; newBoot: boolean; orderId: string | null }
  /** The ramdisk is linked and its machine is known: it can take an order. */
  | { type: 'agent-ready' }
  | { type: 'agent-alive' }
  | { type: 'order-given'; orderId: string }
  | { type: 'order-refused'; reason: string; message: string }
  | { type: 'agent-stage'; orderId: string; stage: 'writing' | 'configuring'; disk: string | null }
  | { type: 'agent-progress'; orderId: string; bytesDone: number; bytesTotal: number }
  | { type: 'agent-done'; orderId: string }
  | { type: 'agent-failed'; orderId: string; reason: string; message: string }
  | { type: 'link-lost' }
  | { type: 'phone-home'; address: string | null; sshHostKeys: string[] }
  | { type: 'abort' }
  | { type: 'armed-until'; armedUntil: number }
  | { type: 'tick' }

export type DeploymentEffect =
  | { kind: 'journal'; event: SiteEvent }
  /** What the machine is to boot changed: tell the boot responder before any frame below. */
  | { kind: 'view' }
  | { kind: 'give-order' }
  | { kind: 'abort'; orderId: string }
  | { kind: 'result-taken'; orderId: string }
  | { kind: 'restart'; reason: string }

export interface Transition {
  state: DeploymentState
  effects: DeploymentEffect[]
}
