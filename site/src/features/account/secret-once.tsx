import type { ReactNode } from 'react'
import { CopyButton } from '../../components/copy-button.tsx'

/** Something that the server shows once and keeps only a hash of. */
export function SecretOnce({ text, label, children }: { text: string; label: string; children: ReactNode }) {
  return (
    <div className="space-y-3">
      <p className="text-lg">{children}</p>
      <pre className="rounded-md border border-line bg-ground px-4 py-3 font-mono text-[0.9rem] break-all whitespace-pre-wrap">
        {text}
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  )
}
