import { parseSshKeys, type SshPublicKey } from '@dragonfly/schema/state'
import { AppError, invalid } from '../../errors.ts'
import type { ReadWebText } from '../../web-text.ts'

interface KeyAccount {
  host: 'github' | 'gitlab'
  name: string
}

const hosts = {
  github: { title: 'GitHub', origin: 'https://github.com', name: /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,38})$/ },
  gitlab: { title: 'GitLab', origin: 'https://gitlab.com', name: /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,254}$/ },
} as const

const pasteInstead = 'Paste the keys instead.'

/** The public keys of an account. Refuses a name that could lead anywhere else than to that account's page. */
export async function readAccountKeys(readText: ReadWebText, account: KeyAccount): Promise<SshPublicKey[]> {
  const host = hosts[account.host]
  if (!host.name.test(account.name)) {
    throw invalid([{ path: 'account.name', message: `That is not the name of a ${host.title} account.` }])
  }
  const answer = await readText(`${host.origin}/${account.name}.keys`)
  switch (answer.kind) {
    case 'unreachable':
      throw unavailable(
        'key-host-unreachable',
        `${new URL(host.origin).host} can’t be reached from this server. ${pasteInstead}`,
      )
    case 'too-large':
      throw unavailable('key-host-answer', `${host.title} answered with far too much text. ${pasteInstead}`)
    case 'status':
      if (answer.status === 404 || (answer.status >= 300 && answer.status < 400))
        throw invalid([
          { path: 'account.name', message: `${host.title} knows no account “${account.name}”.` },
        ])
      throw unavailable(
        'key-host-answer',
        `${host.title} answered with HTTP status ${answer.status}. Try again later. ${pasteInstead}`,
      )
    case 'text': {
      const keys = parseSshKeys(answer.text)
      if (typeof keys === 'string')
        throw unavailable('key-host-answer', `${host.title} answered with something else. ${pasteInstead}`)
      if (keys.length === 0)
        throw invalid([
          { path: 'account.name', message: `“${account.name}” has published no SSH key on ${host.title}.` },
        ])
      return keys
    }
  }
}

function unavailable(code: string, message: string): AppError {
  return new AppError({ code, status: 503, message })
}
