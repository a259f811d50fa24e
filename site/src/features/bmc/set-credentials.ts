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
}

export const emptyBmcForm: BmcForm = { address: '', port: '', protocol: 'auto', username: '', password: '' }

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
  }
}

/**
 * Sets a machine's BMC. User name and password are sealed in this browser, for this machine and this address; left
 * empty, those held already stay.
 */
export async function setBmc(siteId: string, machineId: string, form: BmcForm): Promise<Bmc> {
  const params = { path: { machineId } }
  const reach = readReach(form)
  const { username, password } = form
  if (username === '' && password === '')
    return take(api.PUT('/api/v1/machines/{machineId}/bmc', { params, body: reach }))
  const keys = await take(api.GET('/api/v1/sites/{siteId}/sealing-keys', { params: { path: { siteId } } }))
  // As the control plane keeps it: the edge compares.
  const address = parseBmcAddress(form.address) ?? ''
  const sealed = await sealCredentials(keys, { machineId, address, username, password })
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
