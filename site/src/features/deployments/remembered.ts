import type { Remembered } from './deploy-form.ts'

const storageKey = 'dragonfly.deploy'

/** SSH keys and user name of the last deployment from this browser: public, and typed often. */
export function readRemembered(): Remembered {
  try {
    const stored: Partial<Remembered> = JSON.parse(localStorage.getItem(storageKey) ?? '{}')
    return { sshKeys: String(stored.sshKeys ?? ''), user: String(stored.user ?? '') }
  } catch {
    return { sshKeys: '', user: '' }
  }
}

export function remember(remembered: Remembered): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(remembered))
  } catch {
    // A browser without storage asks again.
  }
}
