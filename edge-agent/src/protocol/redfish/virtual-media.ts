import { linkAt, type Resource, textAt, textsAt, valueAt } from './resource.ts'

/** One virtual drive. */
export interface MediaSlot {
  path: string
  insertTarget: string | null
  ejectTarget: string | null
  isInserted: boolean
  image: string | null
}

/** Null for what is no CD drive. */
export function parseMediaSlot(path: string, resource: Resource): MediaSlot | null {
  const types = textsAt(resource, 'MediaTypes')
  if (types.length > 0 && !types.includes('CD') && !types.includes('DVD')) return null
  const target = (action: string) => linkAt(resource, 'Actions', `#VirtualMedia.${action}`, 'target')
  return {
    path,
    insertTarget: target('InsertMedia'),
    ejectTarget: target('EjectMedia'),
    isInserted: valueAt(resource, 'Inserted') === true || textAt(resource, 'Image') !== null,
    image: textAt(resource, 'Image'),
  }
}

/** Those with an action first; some firmware has drives that only its own viewer fills. */
export function orderSlots(slots: readonly MediaSlot[]): MediaSlot[] {
  return [
    ...slots.filter(({ insertTarget }) => insertTarget !== null),
    ...slots.filter(({ insertTarget }) => insertTarget === null),
  ]
}

/** Bodies to put a disc in with, to be tried one after the other; `missing` are what the last refusal asked for. */
export function chooseInsertBodies(url: string, missing: readonly string[]): readonly Resource[] {
  const protocol = url.slice(0, url.indexOf(':')).toUpperCase()
  const wants: Record<string, unknown> = {
    TransferProtocolType: protocol,
    TransferMethod: 'Stream',
    Inserted: true,
    WriteProtected: true,
    UserName: 'none',
    Password: 'none',
  }
  const asked = Object.fromEntries(Object.entries(wants).filter(([name]) => missing.includes(name)))
  const full = { Image: url, Inserted: true, WriteProtected: true }
  const bodies = [
    ...(Object.keys(asked).length > 0
      ? [
          { Image: url, ...asked },
          { ...full, ...asked },
        ]
      : []),
    { Image: url },
    full,
    { Image: url, TransferProtocolType: protocol },
    { ...full, TransferProtocolType: protocol, TransferMethod: 'Stream' },
  ]
  return [...new Map(bodies.map((body) => [JSON.stringify(body), body])).values()]
}
