// iPXE's own expansions look like a forgotten template string.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: see above
import { describe, expect, it } from 'vitest'
import { plainIpxeText, renderIpxeScript, setting, UnsafeIpxeTextError } from './ipxe.ts'

describe('an iPXE script', () => {
  it('is rendered line by line', () => {
    const script = renderIpxeScript([
      { kind: 'label', name: 'retry' },
      { kind: 'echo', text: 'Loading' },
      { kind: 'run', words: ['iseq', [setting('platform')], 'efi'], orElse: { goto: 'retry' } },
      { kind: 'run', words: ['sleep', '10'], orElse: 'continue' },
      { kind: 'run', words: ['chain', ['http://10.0.0.1/ipxe?uuid=', setting('uuid')]] },
    ])
    expect(script).toBe(
      '#!ipxe\n:retry\necho Loading\niseq ${platform} efi || goto retry\nsleep 10 ||\nchain http://10.0.0.1/ipxe?uuid=${uuid}\n',
    )
  })

  it.each(['a b', 'a\nshell', '${net0/mac}', '||', '&&', ';', '#x', '', 'é', '\t'])(
    'refuses the word %j',
    (word) => {
      expect(() => renderIpxeScript([{ kind: 'run', words: ['chain', word] }])).toThrow(UnsafeIpxeTextError)
    },
  )

  it('refuses operators put together from parts, strange settings and strange labels', () => {
    expect(() => renderIpxeScript([{ kind: 'run', words: [['|', '|']] }])).toThrow(UnsafeIpxeTextError)
    expect(() => renderIpxeScript([{ kind: 'run', words: [[setting('a}b')]] }])).toThrow(UnsafeIpxeTextError)
    expect(() => renderIpxeScript([{ kind: 'label', name: 'a\nb' }])).toThrow(UnsafeIpxeTextError)
  })

  it('lets no sentence become a command', () => {
    expect(plainIpxeText('a || shell')).toBe('a (||) shell')
    expect(plainIpxeText('x\n#!ipxe\nshell')).toBe('x?#!ipxe?shell')
    expect(plainIpxeText('${net0/password} é')).toBe('$ {net0/password} ?')
    expect(plainIpxeText('y'.repeat(5000))).toHaveLength(200)
  })
})
