/** Tells systemd how the service fares (sd_notify(3)): `READY=1`, `WATCHDOG=1`. */
export interface SystemdNotifier {
  notify(state: string): void
  /** How often a life sign is expected; null without a watchdog. */
  watchdogMs: number | null
}

const unix = { family: 1, sockDgram: 2, sockCloexec: 0o2000000, dontWait: 0x40 }

/** Undefined where systemd did not ask, or koffi is missing: Node has no datagram sockets of this family. */
export async function openSystemdNotifier(
  env: Record<string, string | undefined>,
): Promise<SystemdNotifier | undefined> {
  const path = env.NOTIFY_SOCKET
  if (!path || !/^[/@]/.test(path) || Buffer.byteLength(path) > 107) return undefined
  try {
    const { default: koffi } = await import('koffi')
    const libc = koffi.load(null)
    const socket = libc.func('int socket(int domain, int type, int protocol)')
    const send = libc.func(
      'int64_t sendto(int fd, const void *bytes, size_t count, int flags, const void *address, uint32_t length)',
    )
    const fd: number = socket(unix.family, unix.sockDgram | unix.sockCloexec, 0)
    if (fd < 0) return undefined
    const address = encodeUnixAddress(path)
    const watchdogUs = Number(env.WATCHDOG_USEC)
    return {
      notify: (state) => {
        const bytes = Buffer.from(state)
        send(fd, bytes, bytes.length, unix.dontWait, address, address.length)
      },
      watchdogMs: watchdogUs > 0 ? watchdogUs / 1000 : null,
    }
  } catch {
    return undefined
  }
}

/** `struct sockaddr_un`: the family in the host's order, then the path; `@` stands for a first byte of zero. */
function encodeUnixAddress(path: string): Uint8Array {
  const name = Buffer.from(path)
  if (name[0] === 0x40) name[0] = 0
  return Buffer.concat([new Uint8Array(Uint16Array.of(unix.family).buffer), name])
}
