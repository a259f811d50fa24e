import { networkInterfaces } from 'node:os'
import { getSystemErrorName } from 'node:util'

/** Opens UDP sockets that are bound to a network device (SO_BINDTODEVICE): file descriptors for `dgram.bind({ fd })`. */
export interface DeviceSockets {
  /** @throws an error with Node's `code` (EADDRINUSE, EPERM, ENODEV), as a failed bind of dgram has. */
  open: (options: { device: string; address: string; port: number; shared: boolean }) => number
}

// The same on every architecture that Node runs on under Linux, but for MIPS and SPARC.
const linux = {
  afInet: 2,
  sockDgram: 2,
  sockCloexec: 0o2000000,
  solSocket: 1,
  soReuseAddr: 2,
  soBindToDevice: 25,
}

type SystemCall = (...args: (number | Uint8Array)[]) => number

/** Undefined where the library is missing or the system is not Linux: then sockets hear all devices. */
export async function loadDeviceSockets(): Promise<DeviceSockets | undefined> {
  if (process.platform !== 'linux') return undefined
  try {
    const { default: koffi } = await import('koffi')
    const libc = koffi.load(null)
    const socket: SystemCall = libc.func('int socket(int domain, int type, int protocol)')
    const setOption: SystemCall = libc.func(
      'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
    )
    const bind: SystemCall = libc.func('int bind(int fd, const void *address, uint32_t length)')
    const close: SystemCall = libc.func('int close(int fd)')
    const check = (call: string, result: number): number => {
      if (result >= 0) return result
      const code = getSystemErrorName(-koffi.errno())
      throw Object.assign(new Error(`${call} ${code}`), { code, syscall: call })
    }
    return {
      open: ({ device, address, port, shared }) => {
        const fd = check('socket', socket(linux.afInet, linux.sockDgram | linux.sockCloexec, 0))
        try {
          const on = new Uint8Array(Int32Array.of(shared ? 1 : 0).buffer)
          check('setsockopt', setOption(fd, linux.solSocket, linux.soReuseAddr, on, on.length))
          const name = Buffer.from(`${device}\0`)
          check('setsockopt', setOption(fd, linux.solSocket, linux.soBindToDevice, name, name.length))
          const local = socketAddress(address, port)
          check('bind', bind(fd, local, local.length))
          return fd
        } catch (error) {
          close(fd)
          throw error
        }
      },
    }
  } catch {
    return undefined
  }
}

/** `struct sockaddr_in`: the family in the host's order, port and address in the network's. */
function socketAddress(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes.set(new Uint8Array(Uint16Array.of(linux.afInet).buffer))
  bytes.set([port >> 8, port & 255, ...address.split('.').map(Number)], 2)
  return bytes
}

/** Whether this host's device of that name has the address now. */
export function hasAddress(device: string, address: string): boolean {
  return networkInterfaces()[device]?.some((entry) => entry.address === address) ?? false
}
