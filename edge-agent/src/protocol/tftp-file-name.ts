/**
 * The bundle's name for what a TFTP client asked for, or undefined where no name can come of it. Firmware asks with
 * leading slashes, with backslashes (Windows loaders, shim), and with 0xFF behind the name (old Intel UNDI, Apple).
 */
export function parseTftpFileName(asked: string): string | undefined {
  const name = asked
    .replace(/[\xff\s]+$/, '')
    .replaceAll('\\', '/')
    .replace(/^(\.?\/)+/, '')
  return /^[A-Za-z0-9._-]{1,128}$/.test(name) && !name.startsWith('.') ? name : undefined
}
