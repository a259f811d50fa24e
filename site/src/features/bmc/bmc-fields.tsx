import { SelectField, TextField } from '../../components/field.tsx'
import { type BmcForm, speaksIpmi } from './set-credentials.ts'

interface BmcFieldsProps {
  form: BmcForm
  errors: Partial<Record<string, string>>
  /** There are credentials already: left empty, they stay. */
  hasCredentials: boolean
  onChange: (change: Partial<BmcForm>) => void
}

/** How a BMC is reached, and as whom. */
export function BmcFields({ form, errors, hasCredentials, onChange }: BmcFieldsProps) {
  const isWoken = form.protocol === 'wake-on-lan'
  const plain = { autoCapitalize: 'off', autoComplete: 'off', spellCheck: false } as const
  return (
    <>
      <div className="grid gap-x-4 gap-y-5 sm:grid-cols-[1fr_7rem]">
        <TextField
          label={isWoken ? 'MAC address to wake' : 'BMC address'}
          mono
          {...plain}
          value={form.address}
          onChange={(event) => onChange({ address: event.target.value })}
          placeholder={isWoken ? '52:54:00:12:34:56' : '10.0.0.17'}
          error={errors.address}
        />
        {!isWoken && (
          <TextField
            label="Port"
            inputMode="numeric"
            {...plain}
            value={form.port}
            onChange={(event) => onChange({ port: event.target.value })}
            placeholder="usual"
            error={errors.port}
          />
        )}
      </div>
      <SelectField
        label="Speaks"
        value={form.protocol}
        onChange={(event) => onChange({ protocol: event.target.value as BmcForm['protocol'] })}
        error={errors.protocol}
      >
        <option value="auto">Find out</option>
        <option value="redfish">Redfish</option>
        <option value="ipmi">IPMI 2.0</option>
        <option value="wake-on-lan">It has no BMC: Wake-on-LAN</option>
      </SelectField>
      <div className="grid gap-x-4 gap-y-5 sm:grid-cols-2">
        {!isWoken && (
          <TextField
            label="User name"
            {...plain}
            value={form.username}
            onChange={(event) => onChange({ username: event.target.value })}
            placeholder={hasCredentials ? 'as it is' : 'admin'}
            error={errors.username}
          />
        )}
        <TextField
          label={isWoken ? 'SecureOn password' : 'Password'}
          type="password"
          autoComplete="new-password"
          value={form.password}
          onChange={(event) => onChange({ password: event.target.value })}
          placeholder={hasCredentials ? 'as it is' : ''}
          hint={isWoken ? 'Only if the network card wants one.' : undefined}
          error={errors.password}
        />
      </div>
      {speaksIpmi(form.protocol) && (
        <TextField
          label="IPMI key (K_g)"
          type="password"
          autoComplete="off"
          value={form.kg}
          onChange={(event) => onChange({ kg: event.target.value })}
          hint={`Only if one was set on the BMC: its characters, or 0x and hexadecimal digits.${hasCredentials ? ' It is sealed with the password: enter both anew.' : ''}`}
          error={errors.kg}
        />
      )}
      <p className="text-[0.95rem] text-ink-faint">
        Sealed in this browser for the edges of its site: Dragonfly itself can’t read it.
      </p>
    </>
  )
}
