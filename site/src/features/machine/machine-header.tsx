import { type FormEvent, useState } from 'react'
import { sortProblem } from '../../api/problem.ts'
import type { MachineDetail } from '../../api/views.ts'
import { Button, IconButton } from '../../components/button.tsx'
import { Icon } from '../../components/icons.tsx'
import { Padlock } from '../../components/padlock.tsx'
import { StatusMark } from '../../components/status-mark.tsx'
import { Ago } from '../../components/time.tsx'
import { formatCelsius, formatWatts } from '../../format/quantities.ts'
import { capitalise, separateWords } from '../../format/words.ts'
import { PowerMark } from '../bmc/power-mark.tsx'
import { hostnameError } from '../machines/hostname.ts'
import { switchedOffNote } from '../safety/switch-texts.ts'
import { renderLock } from './lock-text.ts'
import { MachineButtons } from './machine-buttons.tsx'
import { usePatchMachine } from './patch-machine.ts'
import { RamdiskNote, waitsForWork } from './ramdisk-note.tsx'
import { ReservedAddress } from './reserved-address.tsx'
import { SiteNotice } from './site-notice.tsx'
import { TagEditor } from './tag-editor.tsx'

/** The first is the one that it boots from; the hardware tab has them all. */
const shownMacs = 3

export function MachineHeader({ machine }: { machine: MachineDetail }) {
  const off = switchedOffNote(machine)
  const written = machine.status === 'deployed' && machine.deployment?.status === 'written'
  return (
    <header className="flex flex-wrap items-start justify-between gap-x-10 gap-y-6">
      <div className="min-w-0 grow basis-96">
        <Name machine={machine} />
        <p className="mt-1 text-xl text-ink-soft italic">{separateWords(machine.fourWords)}</p>
        <p className="mt-1.5 flex flex-wrap gap-x-4 font-mono text-[0.8rem] text-ink-faint">
          {machine.macs.slice(0, shownMacs).map((mac) => (
            <span key={mac} className="max-sm:not-first:hidden">
              {mac}
            </span>
          ))}
          {machine.macs.length > shownMacs && (
            <span className="max-sm:hidden" title={machine.macs.slice(shownMacs).join('\n')}>
              and {machine.macs.length - shownMacs} more
            </span>
          )}
          {machine.address && <span className="text-ink-soft">{machine.address}</span>}
        </p>
        <p className="mt-3 flex flex-wrap items-center gap-x-5 gap-y-1">
          <StatusMark status={written ? 'written' : machine.status} />
          {machine.bmc && <PowerMark bmc={machine.bmc} />}
          {machine.bmc && <Readings bmc={machine.bmc} />}
          <span className="text-ink-soft">{machine.siteName}</span>
          {waitsForWork(machine) && <RamdiskNote text="In the ramdisk, waiting for work" />}
          {machine.locked && (
            <span className="flex min-w-0 items-center gap-1.5 text-wanted">
              <Padlock label="Locked" className="shrink-0" />
              {/* In words: a finger can't hover. */}
              <span className="min-w-0 [overflow-wrap:anywhere]">{renderLock(machine, Date.now())}</span>
            </span>
          )}
          {off && (
            <span className="text-wanted" title="An administrator switched it off, for its site or for all.">
              {capitalise(off)}
            </span>
          )}
          <span className="text-ink-faint">
            seen <Ago atMs={machine.lastSeenAt} />
          </span>
        </p>
        <TagEditor machine={machine} />
        <ReservedAddress machine={machine} />
        <SiteNotice machine={machine} />
      </div>
      <MachineButtons machine={machine} />
    </header>
  )
}

/** What it draws now; of one that can't be reached, nothing. */
function Readings({ bmc }: { bmc: NonNullable<MachineDetail['bmc']> }) {
  const { problem, powerWatts, inletCelsius } = bmc
  if (problem || (powerWatts === null && inletCelsius === null)) return null
  const parts = [
    powerWatts !== null && formatWatts(powerWatts),
    inletCelsius !== null && `${formatCelsius(inletCelsius)} at the inlet`,
  ].filter(Boolean)
  return <span className="num text-ink-soft">{parts.join(', ')}</span>
}

const nameLook = 'text-4xl font-light tracking-tight break-words sm:text-6xl'

function Name({ machine }: { machine: MachineDetail }) {
  const [editing, setEditing] = useState(false)
  if (editing) return <NameForm machine={machine} onClose={() => setEditing(false)} />
  return (
    <div className="group flex items-center gap-2">
      <h1 className={nameLook}>{machine.name}</h1>
      <IconButton label="Rename" onClick={() => setEditing(true)} className="mt-2">
        <Icon name="edit" size={18} />
      </IconButton>
    </div>
  )
}

function NameForm({ machine, onClose }: { machine: MachineDetail; onClose: () => void }) {
  const unnamed = machine.name === machine.fourWords
  const [name, setName] = useState(unnamed ? '' : machine.name)
  const patching = usePatchMachine(machine)
  const problem = sortProblem(patching.error, ['name'], { 'name-taken': 'name' })
  const error = hostnameError(name, true) ?? problem.fields.name ?? problem.form
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (hostnameError(name, true)) return
    if (name === machine.name) {
      onClose()
      return
    }
    const back = { name: unnamed ? null : machine.name }
    const said = name ? `It is called ${name} now.` : 'It goes by its four words now.'
    patching.mutate({ patch: { name: name || null }, back, said }, { onSuccess: onClose })
  }
  return (
    <form onSubmit={submit} className="flex flex-wrap items-center gap-3">
      <h1 className="sr-only">{machine.name}</h1>
      <input
        aria-label="Name"
        aria-invalid={error ? true : undefined}
        // biome-ignore lint/a11y/noAutofocus: the person has just asked to edit it
        autoFocus
        value={name}
        placeholder={machine.fourWords}
        onChange={(event) => setName(event.target.value.trim())}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onClose()
        }}
        autoCapitalize="off"
        autoComplete="off"
        spellCheck={false}
        className={`${nameLook} w-full min-w-0 max-w-2xl grow border-b border-touch bg-transparent outline-none placeholder:text-ink-faint aria-invalid:border-failed`}
      />
      <Button look="primary" type="submit" busy={patching.isPending}>
        Save
      </Button>
      <Button look="quiet" onClick={onClose}>
        Cancel
      </Button>
      {error && (
        <p role="alert" className="w-full text-failed">
          {error}
        </p>
      )}
    </form>
  )
}
