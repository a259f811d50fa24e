/**
 * The magic packet that wakes a sleeping NIC: six bytes FF, then its MAC address sixteen times, then the SecureOn
 * password (six bytes, as a MAC address is written) where the NIC wants one.
 */
export function encodeMagicPacket(mac: string, secureOn: string | null): Uint8Array {
  const address = encodeSix(mac)
  const password = secureOn === null ? [] : encodeSix(secureOn)
  const repeats = Array.from({ length: 16 }, () => address).flat()
  return Uint8Array.from([...Array.from({ length: 6 }, () => 0xff), ...repeats, ...password])
}

/** Whether a text is a SecureOn password: six pairs of hex digits. */
export function isSecureOnPassword(text: string): boolean {
  return /^[0-9a-f]{2}([:-]?[0-9a-f]{2}){5}$/i.test(text)
}

function encodeSix(text: string): number[] {
  const digits = text.replaceAll(/[:-]/g, '')
  return Array.from({ length: 6 }, (_, index) => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16))
}
