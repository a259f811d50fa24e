import type { EdgeFetchView, LiveEvent } from '@dragonfly/schema/api'
import type { BundleManifest, ControlFrame, EdgeRelease } from '@dragonfly/schema/wire'

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

/**
 * The tunnels that are open, wherever they are. A frame to an edge that has just gone is lost: what matters is told
 * again when it is back.
 */
export interface EdgeConnections {
  /** Ids of all edges that have a tunnel. */
  connected(): Promise<ReadonlySet<string>>
  /** Those of a site, in the order of their ids. */
  ofSite(siteId: string): Promise<readonly PresentEdge[]>
  send(edge: EdgeAddress, frame: ControlFrame): Promise<void>
  sendToSite(siteId: string, frame: ControlFrame): Promise<void>
  /** Cuts the edge's tunnel and its consoles. */
  disconnect(edge: EdgeAddress, why: Disconnect): Promise<void>
}

export type Disconnect = 'revoked' | 'site-deleted'

/** What leads to an edge's tunnel. */
interface EdgeAddress {
  readonly edgeId: string
  readonly siteId: string
}

export interface PresentEdge extends EdgeAddress {
  /** Kinds of commands that it can carry out. */
  readonly commands: readonly string[]
}

/** A tunnel that ends in this process. */
export interface LocalTunnel extends PresentEdge {
  send(frame: ControlFrame): void
  cut(why: Disconnect | 'replaced'): void
}

/** The tunnels of one process that holds them all. */
export interface LocalConnections extends EdgeConnections {
  /** Registers a tunnel; one that the same edge had before is closed. */
  add(tunnel: LocalTunnel): void
  remove(tunnel: LocalTunnel): void
  count(): number
}

/** Tells a site's edges that their state has changed, not more often than they can bear; the newest news is never lost. */
export type AnnounceSite = (siteId: string) => Promise<void>

/** Commands of a site are due at this time (ms since the epoch): they are looked after then, or soon after. */
export type TendCommandsAt = (siteId: string, at: number) => Promise<void>

/** Events for the people who watch. Publishing never fails and never waits. */
export interface LiveEvents {
  publish(events: readonly LiveEvent[]): void
  /** Returns what ends the subscription. Only where sockets of people are. */
  subscribe(listener: (event: LiveEvent) => void): () => void
  /** Sockets of people that are open. */
  count(): Promise<number>
}

export interface ImageProgress {
  phase: 'downloading' | 'verifying'
  bytesDone: number
  bytesTotal: number | null
  fromEdgeId?: string | undefined
  at: number
}

/** An edge tells its progress every few seconds: what was told longer ago says nothing any more. */
export const progressGoodForMs = 120_000

/** What an edge fetches for itself. */
export interface EdgeFetches {
  bundle: EdgeFetchView | null
  release: EdgeFetchView | null
  at: number
}

/** The newest live values that edges told; lost on a restart, and told again. */
export interface LiveValues {
  setImage(edgeId: string, imageId: string, progress: ImageProgress): void
  /** By edge and image: see `imageKey`. */
  images(): Promise<ReadonlyMap<string, ImageProgress>>
  clearImage(edgeId: string, imageId: string): void
  setFetches(edgeId: string, fetches: EdgeFetches): void
  /** By edge. */
  fetches(): Promise<ReadonlyMap<string, EdgeFetches>>
  clearFetches(edgeId: string): void
  setDeployment(deploymentId: string, progress: DeploymentProgress): void
  deployments(deploymentIds: readonly string[]): Promise<ReadonlyMap<string, DeploymentProgress>>
  clearDeployment(deploymentId: string): void
}

export interface DeploymentProgress {
  bytesDone: number
  bytesTotal: number
}

export function imageKey(edgeId: string, imageId: string): string {
  return `${edgeId} ${imageId}`
}

/** Counts tries in fixed windows. */
export interface RateLimiter {
  /** Counts one try; false when there were too many in the window. */
  take(key: string, limit: number, windowMs: number): Promise<boolean>
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

/** The package of dragonfly-edge that edges are updated to. */
export interface EdgeReleaseSource {
  /** Null while there is none. */
  current(): Promise<EdgeRelease | null>
  /** The bytes of one piece, by the SHA-256 of its content; null when it is not of the current one. */
  chunk(sha256: string): Promise<Uint8Array<ArrayBuffer> | null>
}

/** Files that people upload, by the upload's id, in parts that come in order. All but the last are of one size. */
export interface UploadStore {
  /** No file may be larger, however much room there is. */
  largestBytes: number
  /** Before the first part. The answer names the upload to this store from then on. */
  begin(uploadId: string): Promise<string>
  /**
   * Keeps a part, durably; what may have been in its place is replaced. The answer is the part's receipt. Throws an
   * UploadLostError.
   */
  write(upload: StoredUpload, part: StoredPart): Promise<string>
  /**
   * All parts are there, and become a file; once more, it does no harm. Takes their receipts in order; the answer is
   * the file's SHA-256, in hex. Throws an UploadLostError.
   */
  finish(upload: StoredUpload, receipts: readonly string[]): Promise<string>
  /** Of a file: the bytes from `from` up to `end`; null when there is no such file. */
  read(uploadId: string, from: number, end: number): Promise<ReadableStream<Uint8Array> | null>
  sizeBytes(uploadId: string): Promise<number | null>
  /** Forgets a file, or (with its session) an upload that has not become one. */
  remove(uploadId: string, session: string | null): Promise<void>
  /** Room for more files; null: as much as is paid for. */
  freeBytes(): Promise<number | null>
}

interface StoredUpload {
  uploadId: string
  /** What `begin` answered. */
  session: string
}

interface StoredPart {
  index: number
  offset: number
  bytes: Uint8Array<ArrayBuffer>
  /** Of the part before; null for the first. */
  receiptBefore: string | null
}

/** What had arrived of an upload is not there any more, or is not what it was. */
export class UploadLostError extends Error {}

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
