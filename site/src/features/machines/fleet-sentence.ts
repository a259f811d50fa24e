import type { Machine } from '../../api/views.ts'
import { capitalise, spell } from '../../format/words.ts'

/** How things stand, in one sentence: what wants a person first, then what is at work. */
export function describeFleet(machines: readonly Machine[], wantCount: number): string {
  const atWork = machines.filter((machine) => machine.status === 'deploying').length
  const armed = machines.filter((machine) => machine.status === 'armed').length
  const queued = machines.filter((machine) => machine.status === 'queued').length
  const wants =
    wantCount === 0
      ? machines.length === 0
        ? 'It is quiet here'
        : 'Nothing wants you'
      : `${capitalise(spell(wantCount))} ${wantCount === 1 ? 'thing wants' : 'things want'} you`
  const work = [
    atWork > 0 && `${spell(atWork)} ${atWork === 1 ? 'machine is' : 'machines are'} being deployed`,
    armed > 0 && `${spell(armed)} ${armed === 1 ? 'waits' : 'wait'} for power`,
    queued > 0 && `${spell(queued)} ${queued === 1 ? 'waits for its turn' : 'wait for their turn'}`,
  ].filter(Boolean)
  return `${[wants, ...work].join('; ')}.`
}
