import { formatBytes } from '@dragonfly/schema/state'
import { useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { templatesQuery } from '../../api/queries.ts'
import type { Image, MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { DialogActions } from '../../components/dialog.tsx'
import { SelectField, TextAreaField, TextField } from '../../components/field.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import type { DeployErrors, DeployForm } from './deploy-form.ts'
import { DiskFields } from './disk-fields.tsx'
import type { DiskPreview } from './disk-preview.ts'

export interface DeployFieldsProps {
  /** Null: many at once, each under its own name. */
  machine: MachineDetail | null
  images: readonly Image[]
  form: DeployForm
  onChange: (change: Partial<DeployForm>) => void
  errors: DeployErrors
  problem: string | null
  /** Somebody pressed Review: fields left empty are shown as wrong from now on. */
  tried: boolean
  preview: DiskPreview | null
  onCancel: () => void
  onReview: () => void
}

export function DeployFields(props: DeployFieldsProps) {
  const { machine, images, form, onChange, errors, problem, tried, onCancel, onReview } = props
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    onReview()
  }
  return (
    <form onSubmit={submit} className="space-y-6" noValidate>
      <div className="grid gap-6 sm:grid-cols-2">
        <SelectField
          label="Image"
          value={form.imageId}
          onChange={(event) => onChange({ imageId: event.target.value })}
          error={form.imageId || tried ? errors.imageId : null}
        >
          {!form.imageId && <option value="">Choose one</option>}
          {images.map((image) => (
            <option key={image.imageId} value={image.imageId} disabled={image.status === 'failed'}>
              {image.name}
              {image.status === 'ready' && image.sizeBytes ? ` (${formatBytes(image.sizeBytes)})` : ''}
              {image.status === 'ready'
                ? ''
                : image.status === 'failed'
                  ? ', failed to import'
                  : ', not imported yet'}
            </option>
          ))}
        </SelectField>
        {machine && (
          <TextField
            label="Host name"
            value={form.hostname}
            onChange={(event) => onChange({ hostname: event.target.value.trim() })}
            autoCapitalize="off"
            autoComplete="off"
            spellCheck={false}
            error={form.hostname || tried ? errors.hostname : null}
          />
        )}
      </div>
      <DiskFields {...props} />
      <TextAreaField
        label="SSH keys"
        value={form.sshKeys}
        onChange={(event) => onChange({ sshKeys: event.target.value })}
        rows={3}
        wrap="off"
        placeholder="ssh-ed25519 AAAA… you@laptop"
        hint="Public keys, one a line. They may sign in once it is up; this browser remembers them."
        error={errors.sshKeys}
      />
      <TextField
        label="User name"
        value={form.user}
        onChange={(event) => onChange({ user: event.target.value.trim() })}
        placeholder="dragonfly"
        autoCapitalize="off"
        autoComplete="off"
        spellCheck={false}
        hint="The administrator that is created on the machine."
        error={errors.user}
      />
      <Advanced {...props} />
      <ProblemNote text={problem} />
      <DialogActions>
        <Button look="quiet" onClick={onCancel}>
          Cancel
        </Button>
        <Button look="primary" type="submit">
          Review
        </Button>
      </DialogActions>
    </form>
  )
}

function Advanced({ form, onChange, errors }: DeployFieldsProps) {
  const { data: templates } = useQuery(templatesQuery)
  const isWrong = Boolean(errors.networkConfig ?? errors.templateId ?? errors.armedHours)
  return (
    <details open={isWrong || undefined} className="border-y border-line py-3">
      <summary className="touchable flex items-center text-touch">
        Advanced: template, network, how long it stays armed
      </summary>
      <div className="space-y-6 pt-4 pb-2">
        <SelectField
          label="Template"
          value={form.templateId}
          onChange={(event) => onChange({ templateId: event.target.value })}
          error={errors.templateId}
        >
          <option value="">The built-in one</option>
          {templates
            ?.filter((template) => !template.builtIn)
            .map((template) => (
              <option key={template.templateId} value={template.templateId}>
                {template.title}
              </option>
            ))}
        </SelectField>
        <TextAreaField
          label="Network configuration"
          value={form.networkConfig}
          onChange={(event) => onChange({ networkConfig: event.target.value })}
          rows={5}
          wrap="off"
          placeholder={'network:\n  version: 2\n  ethernets: …'}
          hint="cloud-init network configuration version 2, as YAML. Left empty: DHCP on the port that it boots from."
          error={errors.networkConfig}
        />
        <TextField
          label="Armed for (hours)"
          inputMode="decimal"
          value={form.armedHours}
          onChange={(event) => onChange({ armedHours: event.target.value.trim() })}
          placeholder="24"
          hint="If the machine is not seen within this time, nothing happens to it."
          error={errors.armedHours}
        />
      </div>
    </details>
  )
}
