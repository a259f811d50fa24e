import type { LiveEvent } from '@dragonfly/schema/api'
import type { BundleManifest, ControlFrame } from '@dragonfly/schema/wire'

/** Milliseconds since the epoch. */
export type Clock = () => number

/** Seals what must not be readable in the database. */
export interface Secrets {
  seal(plaintext: string): Promise<string>
  /** Throws when the text was sealed with another key, or altered. */
  open(sealed: string): Promise<string>
}

export interface PasswordHasher {
  hash(password: string): Promise<string>
  verify(input: { hash: string; password: string }): Promise<boolean>
}

/** The tunnels that are open. */
export interface EdgeConnections {
  /** Registers a tunnel; one that the same edge had before is closed. */
  add(connection: EdgeConnection): void
  remove(connection: EdgeConnection): void
  isConnected(edgeId: string): boolean
  /** The tunnels of a site, in the order of their edges' ids. */
  ofSite(siteId: string): readonly EdgeConnection[]
  sendToSite(siteId: string, frame: ControlFrame): void
  /** Cuts the edge's tunnel, if it has one. */
  disconnect(edgeId: string, reason: string): void
  count(): number
}

export interface EdgeConnection {
  readonly edgeId: string
  readonly siteId: string
  /** Kinds of commands that it can carry out. */
  readonly commands: readonly string[]
  send(frame: ControlFrame): void
  close(reason: string): void
}

/** Events for the people who watch. Publishing never fails and never waits. */
export interface LiveEvents {
  publish(events: readonly LiveEvent[]): void
  /** Returns what ends the subscription. */
  subscribe(listener: (event: LiveEvent) => void): () => void
  count(): number
}

export interface ImageProgress {
  phase: 'downloading' | 'verifying'
  bytesDone: number
  bytesTotal: number | null
  at: number
}

/** The newest live values that edges told; lost on a restart, and told again. */
export interface LiveValues {
  setImage(edgeId: string, imageId: string, progress: ImageProgress): void
  image(edgeId: string, imageId: string): ImageProgress | undefined
  clearImage(edgeId: string, imageId: string): void
  setDeployment(deploymentId: string, progress: { bytesDone: number; bytesTotal: number }): void
  deployment(deploymentId: string): { bytesDone: number; bytesTotal: number } | undefined
  clearDeployment(deploymentId: string): void
}

/** Remembers the ids of edge tokens for as long as they live, so that none is taken twice. */
export interface ReplayGuard {
  /** False when this id was taken before. */
  take(key: string, expiresAt: number): Promise<boolean>
}

export type BundleStatus =
  | { status: 'missing'; version: null; message: string }
  | { status: 'building'; version: null; message: string | null }
  | { status: 'failed'; version: null; message: string }
  | { status: 'ready'; version: string; message: null }

/** The boot bundle that edges are given. */
export interface BundleSource {
  status(): Promise<BundleStatus>
  manifest(): Promise<BundleManifest | null>
  /** The bytes of one piece, by the SHA-256 of its content; null when no file has it. */
  chunk(sha256: string): Promise<BundlePiece | null>
}

interface BundlePiece {
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  sizeBytes: number
}

/** The portal's files. */
export interface Assets {
  /** Null when there is no such file. `path` starts with a slash and is decoded. */
  read(path: string): Promise<Asset | null>
}

export interface Asset {
  body: Uint8Array<ArrayBuffer>
  contentType: string
  /** For HTML: SHA-256 of each inline script, as CSP sources. */
  scriptHashes: string[]
}
