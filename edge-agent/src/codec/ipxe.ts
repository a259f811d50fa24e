// biome-ignore-all lint/suspicious/noTemplateCurlyInString: iPXE writes its expansions as JavaScript does
/** A part of a word: literal text, or an iPXE setting that iPXE fills in. */
type IpxeWord = string | readonly (string | IpxeSetting)[]

export interface IpxeSetting {
  setting: string
}

/**
 * One line of an iPXE script. `orElse` runs where the command fails: a jump, or nothing (`continue`).
 * A command without it ends the script when it fails, and iPXE then returns to the firmware.
 */
export type IpxeStatement =
  | { kind: 'label'; name: string }
  | { kind: 'echo'; text: string }
  | { kind: 'run'; words: readonly IpxeWord[]; orElse?: 'continue' | { goto: string } }

/** A value that would change the meaning of the script it was meant for. */
export class UnsafeIpxeTextError extends Error {
  override readonly name = 'UnsafeIpxeTextError'
}

/**
 * Renders a script for any iPXE since 2012. iPXE knows no quoting: a word is what stands between spaces, and `${` is
 * expanded everywhere. So words are checked, and text for people is reduced to what cannot be a command.
 * @throws UnsafeIpxeTextError for a word with white space, control characters, `${`, or the form of an operator.
 */
export function renderIpxeScript(statements: readonly IpxeStatement[]): string {
  return `${['#!ipxe', ...statements.map(renderStatement)].join('\n')}\n`
}

export function setting(name: string): IpxeSetting {
  return { setting: name }
}

function renderStatement(statement: IpxeStatement): string {
  switch (statement.kind) {
    case 'label':
      return `:${checkLabel(statement.name)}`
    case 'echo':
      return `echo ${plainIpxeText(statement.text)}`
    case 'run': {
      const command = statement.words.map(renderWord).join(' ')
      if (statement.orElse === undefined) return command
      if (statement.orElse === 'continue') return `${command} ||`
      return `${command} || goto ${checkLabel(statement.orElse.goto)}`
    }
  }
}

function renderWord(word: IpxeWord): string {
  if (typeof word === 'string') return checkWord(word)
  const rendered = word
    .map((part) => (typeof part === 'string' ? checkPart(part) : renderSetting(part)))
    .join('')
  return checkOperator(rendered)
}

function renderSetting(part: IpxeSetting): string {
  if (!/^[A-Za-z0-9/:._-]+$/.test(part.setting)) throw new UnsafeIpxeTextError(`setting ${part.setting}`)
  return `\${${part.setting}}`
}

function checkWord(word: string): string {
  return checkOperator(checkPart(word))
}

function checkPart(part: string): string {
  if (!/^[\x21-\x7e]+$/.test(part) || part.includes('${')) {
    throw new UnsafeIpxeTextError(`${JSON.stringify(part)} cannot stand in an iPXE script`)
  }
  return part
}

function checkOperator(word: string): string {
  if (word === '||' || word === '&&' || word === ';' || word.startsWith('#')) {
    throw new UnsafeIpxeTextError(`${JSON.stringify(word)} would be read as an operator`)
  }
  return word
}

function checkLabel(name: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new UnsafeIpxeTextError(`label ${JSON.stringify(name)}`)
  return name
}

/** A sentence for the machine's screen: printable ASCII, no expansion, no operators, at most 200 characters. */
export function plainIpxeText(text: string): string {
  const words = text
    .replace(/[^\x20-\x7e]/g, '?')
    .replaceAll('${', '$ {')
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => (/^(\|\||&&|;|#.*|--.*)$/.test(word) ? `(${word})` : word))
  return words.join(' ').slice(0, 200)
}
