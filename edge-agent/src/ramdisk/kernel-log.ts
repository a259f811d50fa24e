import { constants, type PathLike, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { LogLevel } from './log.ts'

export interface KernelMessage {
  level: LogLevel
  text: string
}

/** Syslog severities (RFC 5424 §6.2.1) up to "error"; a disk's or a NIC's trouble shows up here first. */
const maxSeverity = 3

/**
 * Reads one record of /dev/kmsg: `prio,seq,timestamp,flags;text`, then indented dictionary lines
 * (Documentation/ABI/testing/dev-kmsg). Null for what is less than an error, or malformed.
 */
export function parseKernelRecord(record: string): KernelMessage | null {
  const match = /^(\d+),\d+,(\d+),[^;]*;([^\n]*)/.exec(record)
  if (!match) return null
  const severity = Number(match[1]) & 7
  if (severity > maxSeverity) return null
  return { level: 'error', text: `kernel: [${(Number(match[2]) / 1e6).toFixed(3)}] ${match[3]}` }
}

/**
 * Hands on the kernel's errors, from boot on. Reads without blocking once a second: a blocking read would hold
 * one of the few threads that the disk writer needs.
 */
export async function followKernelLog(
  path: PathLike,
  onMessage: (message: KernelMessage) => void,
): Promise<() => void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(8192)
  const drain = (): void => {
    for (let records = 0; records < 500; records++) {
      const length = readRecord(handle.fd, buffer)
      if (length === 0) return
      const message = parseKernelRecord(buffer.toString('utf8', 0, Math.max(0, length)))
      if (message) onMessage(message)
    }
  }
  drain()
  const timer = setInterval(drain, 1000)
  return () => {
    clearInterval(timer)
    void handle.close()
  }
}

/** Bytes of the next record; 0 when there is none; -1 when records were overwritten before they were read. */
function readRecord(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPIPE' ? -1 : 0
  }
}
