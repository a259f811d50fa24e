import { type Mac, parseMac } from '../codec/mac.ts'
import { parseUuid } from '../codec/uuid.ts'
import type { BootCaller } from './boot-urls.ts'

export type TftpFile =
  /** A file of the boot bundle; with the machine, where the name tells it. */
  | { kind: 'bundle'; name: string; mac?: Mac }
  /** What signed GRUB asks for: the script that all begin with, and the machine's own. */
  | { kind: 'grub-entry' }
  | { kind: 'grub-script'; caller: BootCaller }

/**
 * What a TFTP client asked for, or undefined where nothing can come of it. Firmware asks with leading slashes, with
 * backslashes (Windows loaders, shim), and with 0xFF behind the name (old Intel UNDI, Apple).
 */
export function parseTftpFileName(asked: string): TftpFile | undefined {
  const path = asked
    .replace(/[\xff\s]+$/, '')
    .replaceAll('\\', '/')
    .replace(/^(\.?\/)+/, '')
  // Which of the two it asks for is up to the release of GRUB: whether a file exists TFTP can hardly tell.
  if (/^grub\/(x86_64-efi\/)?grub\.cfg$/.test(path)) return { kind: 'grub-entry' }
  const ofMachine = /^grub\/machine\/([^/]+)\/([^/]*)$/.exec(path)
  if (!ofMachine) return isFileName(path) ? { kind: 'bundle', name: path } : undefined
  const [, who = '', last = ''] = ofMachine
  const mac = parseMac(who)
  if (mac === undefined) return undefined
  const uuid = parseUuid(last)
  if (uuid === undefined && last !== '') {
    return isFileName(last) ? { kind: 'bundle', name: last, mac } : undefined
  }
  return { kind: 'grub-script', caller: { mac, ...(uuid === undefined ? {} : { uuid }) } }
}

function isFileName(name: string): boolean {
  return /^[A-Za-z0-9._-]{1,128}$/.test(name) && !name.startsWith('.')
}
