/** IPMI 2.0 table 5-2, as sentences a person can read. */
const meanings: Readonly<Record<number, string>> = {
  192: 'the BMC is busy',
  193: 'the BMC does not know this command',
  194: 'the command is not valid for this unit',
  195: 'the BMC took too long inside',
  196: 'out of space',
  197: 'the reservation was lost',
  198: 'the request was too long',
  199: 'the request’s length is wrong',
  200: 'the request asks for more than the BMC can hold',
  201: 'a parameter is out of range',
  202: 'the BMC cannot return that many bytes',
  203: 'the sensor, record or area asked for is not there',
  204: 'the request holds an invalid field',
  205: 'the command does not fit this sensor or record',
  206: 'the BMC could not answer',
  207: 'the BMC has had this request already',
  208: 'the sensor records are being updated',
  209: 'the BMC’s firmware is being updated',
  210: 'the BMC is still starting',
  211: 'the destination cannot be reached',
  212: 'this user’s privilege is too low',
  213: 'not possible in the present state',
  214: 'the command is disabled',
  255: 'unspecified error',
}

export const completionCodes = {
  ok: 0x00,
  busy: 0xc0,
  invalidCommand: 0xc1,
  timeout: 0xc3,
  reservationLost: 0xc5,
  lengthInvalid: 0xc7,
  fieldLengthExceeded: 0xc8,
  cannotReturnThatMany: 0xca,
  invalidField: 0xcc,
  duplicated: 0xcf,
  recordsUpdating: 0xd0,
  initializing: 0xd2,
  insufficientPrivilege: 0xd4,
  notInPresentState: 0xd5,
  unspecified: 0xff,
} as const

/** What a completion code says; `own` are those of the command it answers. */
export function describeCompletionCode(code: number, own?: Readonly<Record<number, string>>): string {
  const hex = code.toString(16).toUpperCase().padStart(2, '0')
  return `${own?.[code] ?? meanings[code] ?? 'a code of the maker’s own'} (${hex}h)`
}

/** Codes that pass by themselves: the same request is sent again a little later. */
export function isTransient(code: number): boolean {
  return (
    code === completionCodes.busy ||
    code === completionCodes.timeout ||
    code === completionCodes.recordsUpdating ||
    code === completionCodes.initializing
  )
}
