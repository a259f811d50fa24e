/** In groups of four, so that two of them can be compared by eye or over the telephone. */
export function Fingerprint({ value }: { value: string }) {
  return (
    <code title={value} className="font-mono text-[0.85rem] break-all">
      {groupsOf(value, 4).map((group, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: groups of one string, in its order
        <span key={index} className={index % 2 === 0 ? 'text-ink' : 'text-ink-soft'}>
          {group}
        </span>
      ))}
    </code>
  )
}

function groupsOf(text: string, size: number): string[] {
  return text.match(new RegExp(`.{1,${size}}`, 'gs')) ?? []
}
