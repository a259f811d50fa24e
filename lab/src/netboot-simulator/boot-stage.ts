/** Where a simulated machine is, in the order of a deployment. A power cut can be asked for at each. */
export type BootStage =
  | 'firmware'
  | 'boot-server'
  | 'first-stage'
  | 'script'
  | 'kernel'
  | 'ramdisk'
  | 'ordered'
  | 'writing'
  | 'configuring'
  | 'written'
  | 'local-boot'
  | 'reported'

/** What goes wrong with one machine. */
export interface MachineFaults {
  /** Its power is cut here, once; in the middle of the image for `writing`. */
  powerCutAt?: BootStage
  /** False: whoever cut its power never gives it back. */
  comesBack?: boolean
}

/** What one machine does, as it does it. */
export type MachineEvent = { mac: string; boot: number; atMs: number } & (
  | { kind: 'stage'; stage: BootStage }
  /** It began to carry out an order. */
  | { kind: 'order'; orderId: string; deploymentId: string; epoch: number }
  /** The whole image was fetched and every chunk fitted its hash. */
  | { kind: 'written'; orderId: string; deploymentId: string; sizeBytes: number }
  /** The edge has heard that the order is done: it let the machine go to its own disk. */
  | { kind: 'settled'; orderId: string; deploymentId: string }
  /** A log line is on the edge's disk: it said so. Each boot counts its own, from 1. */
  | { kind: 'logged'; line: number }
  | { kind: 'power-cut' }
  | { kind: 'trouble'; message: string }
)

export type EventDetail = MachineEvent extends infer Event
  ? Event extends MachineEvent
    ? Omit<Event, 'mac' | 'boot' | 'atMs'>
    : never
  : never
