import type { LineProblem } from './line-problems.ts'

/** YAML with line numbers; what is wrong with a line stands under it. */
export function YamlView({ yaml, problems }: { yaml: string; problems: readonly LineProblem[] }) {
  const lines = yaml.replace(/\n$/, '').split('\n')
  return (
    <section
      aria-label="YAML"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
      tabIndex={0}
      className="max-h-[26rem] overflow-auto border-y border-line py-3 font-mono text-[0.82rem] leading-[1.65]"
    >
      <ol>
        {lines.map((text, index) => {
          const here = problems.filter((problem) => problem.line === index + 1)
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines of one text, in its order
            <li key={index} className={`flex flex-wrap gap-x-4 ${here.length > 0 ? 'bg-failed/12' : ''}`}>
              <span aria-hidden="true" className="w-9 shrink-0 text-right text-ink-faint select-none">
                {index + 1}
              </span>
              <YamlLine text={text} />
              {here.map((problem) => (
                <p key={problem.message} className="w-full pl-13 font-sans text-[0.95rem] text-failed">
                  {problem.message}
                </p>
              ))}
            </li>
          )
        })}
      </ol>
    </section>
  )
}

/** Keys a little brighter than values, comments faint: enough to find one's way. */
function YamlLine({ text }: { text: string }) {
  const [, indent = '', key = '', rest = ''] = /^(\s*(?:- )?)([\w.-]+:)?(.*)$/.exec(text) ?? []
  const isComment = text.trimStart().startsWith('#')
  if (isComment) return <span className="whitespace-pre text-ink-faint">{text}</span>
  return (
    <span className="whitespace-pre">
      {indent}
      <span className="text-ink">{key}</span>
      <span className="text-ink-soft">{rest}</span>
    </span>
  )
}
