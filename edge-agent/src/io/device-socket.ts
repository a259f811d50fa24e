import { networkInterfaces } from 'node:os'
import { type LinuxCalls, linux, systemError, writeSocketAddress } from './linux-calls.ts'

/** A burst of boot requests, or some windows on their way, must find room in the kernel. */
const bufferBytes = 4 * 1024 * 1024

interface SocketOptions {
  device?: string
  address: string
  port: number
  shared: boolean
}

/**
 * Opens a UDP socket, bound to a network device where one is named (SO_BINDTODEVICE): a file descriptor for
 * `dgram.bind({ fd })`. @throws an error with Node's `code` (EADDRINUSE, EPERM, ENODEV), as a failed bind of dgram has.
 */
export function openSocket(calls: LinuxCalls, { device, address, port, shared }: SocketOptions): number {
  const check = (call: string, result: number): number => {
    if (result >= 0) return result
    throw systemError(call, calls.errorCode())
  }
  const fd = check('socket', calls.socket(linux.afInet, linux.sockDgram | linux.sockCloexec, 0))
  const set = (name: number, value: Uint8Array) =>
    calls.setOption(fd, linux.solSocket, name, value, value.length)
  try {
    check('setsockopt', set(linux.soReuseAddr, int32(shared ? 1 : 0)))
    if (device !== undefined) {
      check('setsockopt', set(linux.soBindToDevice, Buffer.from(`${device}\0`)))
    }
    // Without the privilege for more, the system's own limit is what there is.
    for (const [forced, plain] of bufferOptions) {
      if (set(forced, int32(bufferBytes)) < 0) set(plain, int32(bufferBytes))
    }
    const local = new DataView(new ArrayBuffer(16))
    writeSocketAddress(local, 0, address, port)
    check('bind', calls.bind(fd, new Uint8Array(local.buffer), local.byteLength))
    return fd
  } catch (error) {
    calls.close(fd)
    throw error
  }
}

const bufferOptions = [
  [linux.soReceiveBufferForce, linux.soReceiveBuffer],
  [linux.soSendBufferForce, linux.soSendBuffer],
] as const

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer)
}

/** Whether this host's device of that name has the address now. */
export function hasAddress(device: string, address: string): boolean {
  return networkInterfaces()[device]?.some((entry) => entry.address === address) ?? false
}
