/** A sentence from the server; what stands in it between backticks is shown as code. */
export function Sentence({ text }: { text: string }) {
  return text.split('`').map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of one sentence, in its order
      <code key={index} className="font-mono text-[0.88em]">
        {part}
      </code>
    ) : (
      part
    ),
  )
}
