import { formatBytes } from '@dragonfly/schema/state'
import { SelectField, TextField } from '../../components/field.tsx'
import type { DeployFieldsProps } from './deploy-fields.tsx'
import type { DiskPreview } from './disk-preview.ts'

/** Which disk: by a rule, or by name; and at once, which one that is on this machine. */
export function DiskFields({ machine, form, onChange, errors, tried, preview }: DeployFieldsProps) {
  const disks = machine?.inventory?.disks ?? []
  const named = disks.filter((disk) => disk.serial ?? disk.wwn)
  return (
    <fieldset className="min-w-0">
      <legend className="sr-only">Disk</legend>
      <div className="grid gap-x-6 gap-y-4 sm:grid-cols-3">
        <SelectField
          label="Disk"
          value={form.diskBy}
          onChange={(event) => onChange({ diskBy: event.target.value as typeof form.diskBy })}
        >
          <option value="smallest">The smallest</option>
          <option value="largest">The largest</option>
          {machine && <option value="serial">By serial number</option>}
        </SelectField>
        {form.diskBy === 'serial' ? (
          <div className="sm:col-span-2">
            {named.length > 0 ? (
              <SelectField
                label="Serial number"
                value={form.serial}
                onChange={(event) => onChange({ serial: event.target.value })}
              >
                <option value="">Choose one</option>
                {named.map((disk) => (
                  <option key={disk.name} value={disk.serial ?? disk.wwn ?? ''}>
                    {disk.serial ?? disk.wwn} · {disk.name}, {formatBytes(disk.sizeBytes)}
                  </option>
                ))}
              </SelectField>
            ) : (
              <TextField
                label="Serial number"
                mono
                value={form.serial}
                onChange={(event) => onChange({ serial: event.target.value })}
                autoComplete="off"
                spellCheck={false}
              />
            )}
          </div>
        ) : (
          <>
            <SelectField
              label="Kind"
              value={form.diskKind}
              onChange={(event) => onChange({ diskKind: event.target.value as typeof form.diskKind })}
            >
              <option value="any">Any kind</option>
              <option value="ssd">SSD</option>
              <option value="nvme">NVMe</option>
              <option value="hdd">Spinning</option>
            </SelectField>
            <TextField
              label="At least (GB)"
              inputMode="decimal"
              value={form.minGb}
              onChange={(event) => onChange({ minGb: event.target.value.trim() })}
              placeholder="any size"
            />
          </>
        )}
      </div>
      <div aria-live="polite" className="mt-3">
        {errors.disk && (tried || form.diskBy !== 'serial') ? (
          <p className="text-failed">{errors.disk}</p>
        ) : (
          preview && <PreviewLine preview={preview} />
        )}
      </div>
    </fieldset>
  )
}

function PreviewLine({ preview }: { preview: DiskPreview }) {
  if (preview.kind === 'unknown') return <p className="text-ink-soft">{preview.sentence}</p>
  if (preview.kind === 'none') return <p className="text-failed">{preview.sentence}</p>
  return (
    <p>
      On this machine that is <span className="font-mono text-[0.88em]">{preview.name}</span>.{' '}
      <span className={preview.blank ? 'text-ink-soft' : 'text-wanted'}>{preview.lost}</span>
    </p>
  )
}
