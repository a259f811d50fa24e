import { useEffect, useState } from 'react'
import { SelectField, TextField } from '../../components/field.tsx'
import type { AuditSearch } from './audit-search.ts'

const typingMs = 300

export function AuditFilters({
  search,
  onChange,
}: {
  search: AuditSearch
  onChange: (change: AuditSearch) => void
}) {
  return (
    <search className="mb-6 grid grid-cols-2 gap-4 md:grid-cols-3 xl:grid-cols-6">
      <TypedField label="Who" value={search.actor} onChange={(actor) => onChange({ actor })} />
      <TypedField
        label="What"
        placeholder="delete machine"
        value={search.operation}
        onChange={(operation) => onChange({ operation })}
      />
      <TypedField label="On what" value={search.subject} onChange={(subject) => onChange({ subject })} />
      <SelectField
        label="Result"
        value={search.outcome ?? ''}
        onChange={(event) =>
          onChange({ outcome: (event.target.value || undefined) as AuditSearch['outcome'] })
        }
      >
        <option value="">Any</option>
        <option value="done">Done</option>
        <option value="refused">Refused</option>
        <option value="failed">Failed</option>
      </SelectField>
      <TextField
        label="From"
        type="date"
        value={search.from ?? ''}
        onChange={(event) => onChange({ from: event.target.value || undefined })}
      />
      <TextField
        label="To"
        type="date"
        value={search.to ?? ''}
        onChange={(event) => onChange({ to: event.target.value || undefined })}
      />
    </search>
  )
}

/** Tells what was typed when the typing pauses. */
function TypedField({
  label,
  placeholder,
  value = '',
  onChange,
}: {
  label: string
  placeholder?: string
  value?: string | undefined
  onChange: (value: string | undefined) => void
}) {
  const [typed, setTyped] = useState(value)
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => onChange(typed || undefined), typingMs)
    return () => clearTimeout(timer)
  }, [typed, value, onChange])
  return (
    <TextField
      label={label}
      placeholder={placeholder}
      value={typed}
      maxLength={200}
      onChange={(event) => setTyped(event.target.value)}
    />
  )
}
