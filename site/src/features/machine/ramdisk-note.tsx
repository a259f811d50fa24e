import type { Machine } from '../../api/views.ts'

/** The ramdisk is up and has nothing to do: whatever is deployed now starts at once. */
export function waitsForWork(machine: Machine): boolean {
  return machine.ramdiskConnected && machine.status !== 'deploying'
}

/** A green dot with a halo: somebody is there. */
export function RamdiskNote({ text }: { text: string }) {
  return (
    <span className="inline-flex items-center gap-2 text-alive">
      <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true" className="shrink-0">
        <circle cx="6" cy="6" r="5" fill="currentColor" opacity="0.3" />
        <circle cx="6" cy="6" r="2.8" fill="currentColor" />
      </svg>
      {text}
    </span>
  )
}
