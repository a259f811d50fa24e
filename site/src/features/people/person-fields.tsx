import { type Role, roles } from '@dragonfly/schema/state'
import type { Site } from '../../api/views.ts'
import { SelectField } from '../../components/field.tsx'
import { capitalise } from '../../format/words.ts'

const roleHints: Record<Role, string> = {
  administrator: 'May do everything: deploy, delete, change sites and people.',
  user: 'Sees the machines and adopts new ones. May not deploy, delete or switch them.',
  viewer: 'Sees everything and changes nothing.',
}

export function RoleField({ value, onChange }: { value: Role; onChange: (role: Role) => void }) {
  return (
    <SelectField
      label="Role"
      value={value}
      onChange={(event) => onChange(roles.find((role) => role === event.target.value) ?? 'viewer')}
      hint={roleHints[value]}
    >
      {roles.toReversed().map((role) => (
        <option key={role} value={role}>
          {capitalise(role)}
        </option>
      ))}
    </SelectField>
  )
}

/** Null: all sites. An administrator is not limited. */
export function SitesField({
  sites,
  value,
  onChange,
}: {
  sites: readonly Site[]
  value: readonly string[] | null
  onChange: (siteIds: string[] | null) => void
}) {
  const toggle = (siteId: string, on: boolean): void =>
    onChange(on ? [...(value ?? []), siteId] : (value ?? []).filter((other) => other !== siteId))
  return (
    <fieldset className="space-y-1">
      <legend className="font-semibold">Sites</legend>
      <Choice checked={value === null} onChange={(all) => onChange(all ? null : [])}>
        All sites, also those to come
      </Choice>
      {value !== null &&
        sites.map((site) => (
          <Choice
            key={site.siteId}
            checked={value.includes(site.siteId)}
            onChange={(on) => toggle(site.siteId, on)}
          >
            {site.name}
          </Choice>
        ))}
    </fieldset>
  )
}

export function Choice({
  checked,
  onChange,
  children,
}: {
  checked: boolean
  onChange: (checked: boolean) => void
  children: React.ReactNode
}) {
  return (
    <label className="touchable flex items-center gap-3 py-0.5">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
        className="size-4.5 accent-touch-fill"
      />
      <span>{children}</span>
    </label>
  )
}
