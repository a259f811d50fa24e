import { type ComponentProps, type ReactNode, useId } from 'react'

const control =
  'touchable w-full rounded-md border border-control/70 bg-ground px-3 py-1.5 text-ink placeholder:text-ink-faint hover:border-control focus-visible:border-touch aria-invalid:border-failed'

interface FieldProps {
  label: ReactNode
  hint?: ReactNode
  error?: string | null | undefined
}

function Frame({ id, label, hint, error, children }: FieldProps & { id: string; children: ReactNode }) {
  return (
    <div className="space-y-1">
      <label htmlFor={id} className="block font-semibold">
        {label}
      </label>
      {children}
      {error ? (
        <p id={`${id}-error`} className="text-[0.95rem] text-failed">
          {error}
        </p>
      ) : (
        hint && (
          <p id={`${id}-hint`} className="text-[0.95rem] text-ink-faint">
            {hint}
          </p>
        )
      )}
    </div>
  )
}

function described(id: string, { hint, error }: FieldProps) {
  const describedBy = error ? `${id}-error` : hint ? `${id}-hint` : undefined
  return { 'aria-invalid': error ? true : undefined, 'aria-describedby': describedBy }
}

export function TextField({
  label,
  hint,
  error,
  mono,
  ...rest
}: FieldProps & { mono?: boolean } & ComponentProps<'input'>) {
  const id = useId()
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <input
        id={id}
        type="text"
        {...rest}
        {...described(id, { label, hint, error })}
        className={`${control} ${mono ? 'font-mono text-[0.95rem]' : ''}`}
      />
    </Frame>
  )
}

export function TextAreaField({ label, hint, error, ...rest }: FieldProps & ComponentProps<'textarea'>) {
  const id = useId()
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <textarea
        id={id}
        spellCheck={false}
        autoCapitalize="off"
        rows={3}
        {...rest}
        {...described(id, { label, hint, error })}
        className={`${control} block font-mono text-[0.85rem] leading-relaxed`}
      />
    </Frame>
  )
}

export function SelectField({
  label,
  hint,
  error,
  children,
  ...rest
}: FieldProps & ComponentProps<'select'>) {
  const id = useId()
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <select id={id} {...rest} {...described(id, { label, hint, error })} className={control}>
        {children}
      </select>
    </Frame>
  )
}
