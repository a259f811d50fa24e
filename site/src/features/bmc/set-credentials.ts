import { parseBmcAddress } from '@dragonfly/schema/state'
import { api, take } from '../../api/client.ts'
import { ApiError, problemFrom } from '../../api/problem.ts'
import type { Bmc } from '../../api/views.ts'
import { sealCredentials } from './seal.ts'

export interface BmcForm {
  address: string
  port: string
  protocol: Bmc['protocol']
  username: string
  password: string
  /** IPMI's BMC key, as it was set: characters, or 0x and hexadecimal digits. */
  kg: string
}

export const emptyBmcForm: BmcForm = {
  address: '',
  port: '',
  protocol: 'auto',
  username: '',
  password: '',
  kg: '',
}

/**
 * K_g in hexadecimal, from what a person typed: up to 20 characters, or bytes after 0x (IPMI 2.0, 13.31). Undefined for
 * none; null when it is neither.
 */
export function parseBmcKey(typed: string): string | null | undefined {
  if (typed === '') return undefined
  const [, digits] = /^0x(.*)$/is.exec(typed) ?? []
  if (digits !== undefined) return /^([0-9a-f]{2}){1,20}$/i.test(digits) ? digits.toLowerCase() : null
  const bytes = new TextEncoder().encode(typed)
  return bytes.length <= 20 ? [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('') : null
}

/** What of the form says how the BMC is reached. */
export function readReach({ address, port, protocol }: BmcForm) {
  return { address: address.trim(), port: port.trim() === '' ? null : Number(port), protocol }
}

/** Why the form can't be sent, by field; empty when it can. */
export function bmcFormErrors(form: BmcForm, wantsPassword: boolean): Partial<Record<keyof BmcForm, string>> {
  const port = Number(form.port)
  const isPort = form.port.trim() === '' || (Number.isInteger(port) && port >= 1 && port <= 65_535)
  return {
    ...(parseBmcAddress(form.address) === null
      ? { address: 'Its IP address or its host name, like 10.0.0.17.' }
      : {}),
    ...(isPort ? {} : { port: 'A port is a whole number from 1 to 65535.' }),
    ...(wantsPassword && form.protocol !== 'wake-on-lan' && form.username === ''
      ? { username: 'The BMC wants a user name.' }
      : {}),
    ...keyErrors(form),
  }
}

function keyErrors({ protocol, username, password, kg }: BmcForm): Partial<Record<keyof BmcForm, string>> {
  if (!speaksIpmi(protocol) || kg === '') return {}
  if (parseBmcKey(kg) === null)
    return { kg: 'A BMC key has up to 20 characters, or 0x and up to 40 hexadecimal digits.' }
  return username === '' && password === ''
    ? { kg: 'Enter the user name and the password as well: all three are sealed together.' }
    : {}
}

export const speaksIpmi = (protocol: BmcForm['protocol']): boolean =>
  protocol === 'auto' || protocol === 'ipmi'

/**
 * Sets a machine's BMC. User name and password are sealed in this browser, for this machine and this address; left
 * empty, those held already stay.
 */
export async function setBmc(siteId: string, machineId: string, form: BmcForm): Promise<Bmc> {
  const params = { path: { machineId } }
  const reach = readReach(form)
  const { username, password } = form
  const kg = speaksIpmi(form.protocol) ? parseBmcKey(form.kg) : undefined
  if (username === '' && password === '')
    return take(api.PUT('/api/v1/machines/{machineId}/bmc', { params, body: reach }))
  const keys = await take(api.GET('/api/v1/sites/{siteId}/sealing-keys', { params: { path: { siteId } } }))
  // As the control plane keeps it: the edge compares.
  const address = parseBmcAddress(form.address) ?? ''
  const sealed = await sealCredentials(keys, {
    machineId,
    address,
    username,
    password,
    ...(kg ? { kg } : {}),
  })
  if (sealed.kind === 'refused')
    throw new ApiError(problemFrom({ detail: sealed.message, code: 'not-sealed' }, 0))
  const recipients = sealed.credentials.recipients.map(({ header: { epk, ...header }, ...rest }) => ({
    ...rest,
    header: { ...header, ...(epk ? { epk } : {}) },
  }))
  return take(
    api.PUT('/api/v1/machines/{machineId}/bmc', {
      params,
      body: { ...reach, credentials: { ...sealed.credentials, recipients } },
    }),
  )
}
