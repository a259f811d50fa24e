import { getSystemErrorName } from 'node:util'

/** Calls of Linux's C library that Node has no name for. A result below 0 is a failure: see `failure`. */
export interface LinuxCalls {
  socket: (domain: number, type: number, protocol: number) => number
  setOption: (fd: number, level: number, name: number, value: Uint8Array, length: number) => number
  bind: (fd: number, address: Uint8Array, length: number) => number
  close: (fd: number) => number
  /** `messages` is an array of `struct mmsghdr`; gives the number of messages that were sent or received. */
  sendMessages: (fd: number, messages: Uint8Array, count: number, flags: number) => number
  receiveMessages: (fd: number, messages: Uint8Array, count: number, flags: number, timeout: null) => number
  /** Sends from a file's `offset` on without a copy through this process; the number of bytes that the socket took. */
  sendFile: (socketFd: number, fileFd: number, offset: BigInt64Array, count: number) => number
  /** For the thread that calls: see sched_setattr(2). */
  setScheduling: (attributes: Uint8Array) => number
  /** Where the first byte is in memory. It stays there for as long as something refers to the bytes' ArrayBuffer. */
  addressOf: (bytes: Uint8Array) => number
  /** Node's name of what went wrong in the last call: `EAGAIN`. */
  errorCode: () => string
}

/** sched_setattr, for which many C libraries have no name. */
const schedulingCall = process.arch === 'arm64' ? 274 : 314

/** Undefined where koffi is missing, or the system is none whose structures are known here. */
export async function loadLinuxCalls(): Promise<LinuxCalls | undefined> {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined
  try {
    const { default: koffi } = await import('koffi')
    const libc = koffi.load(null)
    // memmove(bytes, bytes, 0) does nothing, and says where the bytes are.
    const callKernel = libc.func(
      'long syscall(long number, int thread, const void *attributes, uint32_t flags)',
    )
    const move = libc.func('uintptr_t memmove(const void *to, const void *from, size_t count)')
    return {
      socket: libc.func('int socket(int domain, int type, int protocol)'),
      setOption: libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)'),
      bind: libc.func('int bind(int fd, const void *address, uint32_t length)'),
      close: libc.func('int close(int fd)'),
      sendMessages: libc.func('int sendmmsg(int fd, const void *messages, unsigned int count, int flags)'),
      receiveMessages: libc.func(
        'int recvmmsg(int fd, const void *messages, unsigned int count, int flags, void *timeout)',
      ),
      sendFile: libc.func('int64_t sendfile(int out, int in, const void *offset, size_t count)'),
      setScheduling: (attributes) => Number(callKernel(schedulingCall, 0, attributes, 0)),
      addressOf: (bytes) => Number(move(bytes, bytes, 0)),
      errorCode: () => getSystemErrorName(-koffi.errno()),
    }
  } catch {
    return undefined
  }
}

/** An error as Node's own calls throw it. */
export function systemError(call: string, code: string): Error {
  return Object.assign(new Error(`${call} ${code}`), { code, syscall: call })
}

/** The same on every architecture that Node runs on under Linux, but for MIPS and SPARC. */
export const linux = {
  afInet: 2,
  sockDgram: 2,
  sockCloexec: 0o2000000,
  solSocket: 1,
  soReuseAddr: 2,
  soSendBuffer: 7,
  soReceiveBuffer: 8,
  soBindToDevice: 25,
  soSendBufferForce: 32,
  soReceiveBufferForce: 33,
  solUdp: 17,
  udpSegment: 103,
  msgDontWait: 0x40,
} as const

/** Writes a `struct sockaddr_in`: the family in the host's order, port and address in the network's. */
export function writeSocketAddress(view: DataView, offset: number, address: string, port: number): void {
  view.setUint16(offset, linux.afInet, true)
  view.setUint16(offset + 2, port)
  let part = 0
  let at = offset + 4
  for (let index = 0; index < address.length; index++) {
    const code = address.charCodeAt(index)
    if (code === dot) {
      view.setUint8(at++, part)
      part = 0
    } else part = part * 10 + code - zero
  }
  view.setUint8(at, part)
}

const dot = 0x2e
const zero = 0x30
