import type { ReactNode } from 'react'
import { Button } from '../../components/button.tsx'
import { CopyButton } from '../../components/copy-button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'

/** Something that the server shows once and keeps only a hash of. It stays until it was said to be kept. */
export function SecretDialog({
  title,
  text,
  copy,
  close = 'Done',
  onClose,
  children,
}: {
  title: string
  text: string
  /** What the button that copies it says. */
  copy: string
  close?: string
  onClose: () => void
  children: ReactNode
}) {
  return (
    <Dialog open onOpenChange={onClose} keepOpen title={title}>
      <div className="space-y-3">
        <p className="text-lg">{children}</p>
        <pre className="rounded-md border border-line bg-ground px-4 py-3 font-mono text-[0.9rem] break-all whitespace-pre-wrap">
          {text}
        </pre>
        <CopyButton text={text} label={copy} />
      </div>
      <DialogActions>
        <Button look="primary" onClick={onClose}>
          {close}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
