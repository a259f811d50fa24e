import { type DiskRule, describeDiskRule } from '@dragonfly/schema/state'
import type { Image, MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { DialogActions } from '../../components/dialog.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { countOf, separateWords } from '../../format/words.ts'
import { type DeployForm, sshKeysOf } from './deploy-form.ts'
import type { DiskPreview } from './disk-preview.ts'

interface DeployConfirmProps {
  machine: MachineDetail
  form: DeployForm
  image: Image
  preview: DiskPreview
  rule: DiskRule
  busy: boolean
  error: unknown
  onBack: () => void
  onDeploy: () => void
}

/** The last word before a disk is lost, as one plain sentence. */
export function DeployConfirm({
  machine,
  form,
  image,
  preview,
  rule,
  busy,
  error,
  onBack,
  onDeploy,
}: DeployConfirmProps) {
  const keyCount = sshKeysOf(form.sshKeys).length
  const disk = preview.kind === 'disk' ? preview.name : describeDiskRule(rule)
  return (
    <>
      <p className="text-2xl leading-snug font-light tracking-tight">
        This overwrites <strong className="font-semibold">{disk}</strong> on machine{' '}
        <strong className="font-semibold">{machine.name}</strong>.
      </p>
      <p
        className={`mt-3 text-lg ${preview.kind === 'disk' && preview.blank ? 'text-ink-soft' : 'text-wanted'}`}
      >
        {preview.kind === 'disk'
          ? preview.lost
          : 'What is on that disk is lost, whatever it is: the hardware was never seen.'}
      </p>
      <p className="mt-4 text-ink-soft">
        It becomes <span className="text-ink">{form.hostname}</span> with{' '}
        <span className="text-ink">{image.name}</span>; {form.user || 'dragonfly'} may sign in with{' '}
        {countOf(keyCount, 'SSH key')}. (It is the machine called <em>{separateWords(machine.fourWords)}</em>,{' '}
        <span className="font-mono text-[0.85em]">{machine.macs[0]}</span>.)
      </p>
      {keyCount === 0 && (
        <p className="mt-3 text-wanted">
          Without an SSH key nobody can sign in over the network, unless the image has its own way.
        </p>
      )}
      <ProblemNote error={error} />
      <DialogActions>
        <Button look="quiet" onClick={onBack}>
          Back
        </Button>
        <Button look="danger" busy={busy} onClick={onDeploy}>
          Overwrite and deploy
        </Button>
      </DialogActions>
    </>
  )
}
