import { useSyncExternalStore } from 'react'

export interface Toast {
  id: number
  text: string
  tone?: 'failed' | undefined
  /** Takes back what was done. */
  undo?: (() => void) | undefined
}

const shownMs = 7000
let toasts: readonly Toast[] = []
let nextId = 1
const listeners = new Set<() => void>()

function set(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}

export function showToast(toast: Omit<Toast, 'id'>): void {
  const id = nextId++
  set([...toasts.filter((other) => other.text !== toast.text), { ...toast, id }].slice(-2))
  setTimeout(() => dismissToast(id), shownMs)
}

export function dismissToast(id: number): void {
  set(toasts.filter((toast) => toast.id !== id))
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => toasts,
  )
}
