import { useState } from 'react'
import { Button } from './button.tsx'
import { Icon } from './icons.tsx'
import { showToast } from './toast-store.ts'

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
      setTimeout(() => setCopied(false), 2000)
    } catch {
      showToast({
        text: 'The browser does not let the portal copy here: select the text and copy it by hand.',
      })
    }
  }
  return (
    <Button look="plain" onClick={() => void copy()}>
      <Icon name={copied ? 'check' : 'copy'} size={17} />
      {copied ? 'Copied' : label}
    </Button>
  )
}
