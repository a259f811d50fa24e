import { RedfishError, type RedfishFailure } from './redfish-error.ts'
import { asResource, listAt, parsePath, type Resource, resourceAt, textAt, textsAt } from './resource.ts'

/** One thing that a BMC said (DSP0266, "Error responses"). */
interface RedfishMessage {
  /** The last part of its id, the only one that is the same everywhere: `PropertyValueNotInList`. */
  id: string
  text: string | null
  resolution: string | null
  /** As they were sent. */
  args: readonly string[]
}

const mostMessages = 16

function parseMessages(body: Resource): RedfishMessage[] {
  const error = resourceAt(body, 'error')
  const infos = [...listAt(error, '@Message.ExtendedInfo'), ...listAt(body, '@Message.ExtendedInfo')]
  const messages = infos.slice(0, mostMessages).map(parseMessage)
  const alone = textAt(error, 'message')
  if (messages.length === 0 && alone !== null)
    messages.push({ id: lastPart(textAt(error, 'code')), text: alone, resolution: null, args: [] })
  return messages
}

function parseMessage(info: Resource): RedfishMessage {
  const args = textsAt(info, 'MessageArgs').slice(0, 8)
  const template = textAt(info, 'Message')
  // Some send the template, with the values beside it.
  const text = template?.replace(/%(\d)/g, (whole, digit) => args[Number(digit) - 1] ?? whole) ?? null
  return { id: lastPart(textAt(info, 'MessageId')), text, resolution: textAt(info, 'Resolution'), args }
}

function lastPart(id: string | null): string {
  return (id?.split(/[.#/]/).at(-1) ?? '').slice(0, 100)
}

/** What was said, in a sentence; some BMCs give an id and no text. */
function renderMessages(messages: readonly RedfishMessage[]): string | null {
  const said = messages.flatMap(({ id, text }) => text ?? (id === '' ? [] : spellOut(id)))
  const sentences = [...new Set(said)].slice(0, 3).map((text) => (/[.!?]$/.test(text) ? text : `${text}.`))
  return sentences.length > 0 ? sentences.join(' ') : null
}

/** `UnableToModifyDuringSystemPOST` as words. */
function spellOut(id: string): string {
  return id.replace(/([a-z\d])([A-Z])/g, '$1 $2')
}

/** The account whose password has to be changed; null for "some account". Undefined when that is not asked for. */
export function parsePasswordChangeRequired(body: Resource): string | null | undefined {
  const asked = parseMessages(body).find(({ id }) => id === 'PasswordChangeRequired')
  if (!asked) return undefined
  return parsePath(asked.args[0] ?? null)
}

/** By what they mean for the caller; matched against the last part of an id. */
const meanings: readonly [RegExp, RedfishFailure][] = [
  [/PasswordChangeRequired/i, 'password-change-required'],
  [/Licen[sc]e/i, 'licence-missing'],
  [/SessionLimitExceeded|NoFreeSession/i, 'no-free-session'],
  [/InsufficientPrivilege|AccessDenied|AccountNotAuthorized/i, 'privilege-too-low'],
  [
    /DuringSystemPOST|InProgress|TemporarilyUnavailable|ResourceInUse|NotReady|SYS518|RAC0679|SYS011|ConfigJobPending/i,
    'busy',
  ],
]

const byStatus: Record<number, RedfishFailure> = {
  401: 'wrong-password',
  403: 'privilege-too-low',
  404: 'not-found',
  405: 'not-supported',
  412: 'precondition',
  428: 'precondition',
  429: 'busy',
  501: 'not-supported',
  503: 'busy',
}

const hints: Partial<Record<RedfishFailure, string>> = {
  'wrong-password': 'The BMC does not take this user name and password.',
  'password-change-required':
    'The BMC wants the password of this account to be changed before it does anything else.',
  'licence-missing': 'The BMC has no licence for that.',
  'no-free-session': 'All sessions of the BMC are taken: log somebody out, or wait.',
  'privilege-too-low': 'This account of the BMC may not do that: give it the role of an administrator.',
  'not-found': 'The BMC has nothing there.',
  'not-supported': 'The BMC can’t do that.',
  busy: 'The BMC is busy: try again in a minute.',
  precondition: 'Something else changed it at the same time: try again.',
}

/** What an answer that is no success means. `what` says what was wanted, as "setting the boot device". */
export function describeRefusal(status: number, body: Resource, what: string): RedfishError {
  const messages = parseMessages(body)
  const messageIds = messages.map(({ id }) => id)
  const meant = meanings.find(([pattern]) => messageIds.some((id) => pattern.test(id)))?.[1]
  const reason = meant ?? byStatus[status] ?? (status >= 500 ? 'server-error' : 'refused')
  const said = renderMessages(messages)
  const hint = hints[reason]
  const told = said === null ? '' : ` It says: ${said}`
  const plain = `${hint ?? `The BMC refused it (HTTP ${status}).`}${told}`
  return new RedfishError(reason, `${capitalise(what)} failed: ${plain}`.slice(0, 1500), {
    status,
    messageIds,
  })
}

function capitalise(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** Some answer 200, and say in the body that nothing came of it. */
export function holdsError(body: Resource): boolean {
  const error = resourceAt(body, 'error')
  if (Object.keys(error).length === 0) return false
  const infos = listAt(error, '@Message.ExtendedInfo')
  if (infos.length === 0) return textAt(error, 'message') !== null
  const severities = infos.map((info) => textAt(info, 'MessageSeverity') ?? textAt(info, 'Severity'))
  return infos.some((info, index) => {
    if (lastPart(textAt(info, 'MessageId')) === 'Success') return false
    const severity = severities[index]
    return severity === 'Critical' || severity === 'Warning'
  })
}

/** Takes secrets out of a sentence: some BMCs repeat a value that they refuse, be it a password. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) if (secret.length > 0) clean = clean.replaceAll(secret, '•••')
  return clean
}

/** The object in an answer; empty for anything else. */
export function bodyOf(text: string): Resource {
  return asResource(parseJson(text))
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
