import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { type NextStep, signIn, verifyCode } from '../../api/people.ts'
import { setupQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { TextField } from '../../components/field.tsx'
import { usePageTitle } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { signInByPasskey } from '../../features/account/passkey-sign-in.ts'
import { keepInside, leaveForProvider } from '../../features/account/provider-sign-in.ts'
import { whyNoPasskeys } from '../../features/account/webauthn.ts'
import { paths } from '../paths.ts'
import { Doorway } from './doorway.tsx'

export function SignInPage() {
  usePageTitle('Sign in')
  const { data: setup } = useQuery(setupQuery)
  const { next } = useSearch({ from: '/sign-in' })
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const router = useRouter()
  const needsAdministrator = setup?.needsAdministrator
  useEffect(() => {
    if (needsAdministrator) void navigate({ to: paths.welcome, replace: true })
  }, [needsAdministrator, navigate])

  const [step, setStep] = useState<NextStep | 'recovery' | null>(null)
  // A suggested passkey and the button may both get through: the second would take from the page what it just fetched.
  const hasEntered = useRef(false)
  const enter = (): void => {
    if (hasEntered.current) return
    hasEntered.current = true
    queryClient.clear()
    router.history.push(keepInside(next) ?? paths.machines)
  }
  const entering = useMutation({
    mutationFn: (form: FormData) => signIn(String(form.get('email')), String(form.get('password'))),
    // Whoever went on to their recovery codes meanwhile stays there.
    onSuccess: (outcome) => (outcome === 'signed-in' ? enter() : setStep((now) => now ?? outcome)),
  })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    entering.mutate(new FormData(event.currentTarget))
  }
  const suggestions = useSuggestedPasskeys(step === null, enter)
  const back = (): void => setStep(null)
  const recover = (): void => setStep('recovery')
  if (step === 'recovery') return <Recovery onEnter={enter} onBack={back} />
  if (step !== null) return <SecondFactor step={step} onEnter={enter} onBack={back} onLost={recover} />
  return (
    <Doorway title="Sign in" lede={setup?.organisation}>
      <form onSubmit={submit} className="space-y-5">
        <TextField
          label="E-mail"
          name="email"
          type="email"
          autoComplete="username webauthn"
          required
          autoFocus
        />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
        <ProblemNote error={entering.error} />
        <Button look="primary" type="submit" busy={entering.isPending} className="w-full py-2">
          Sign in
        </Button>
        <PasskeyButton onPress={suggestions.stop} onEnter={enter} />
        {setup?.signInProvider && <ProviderButton name={setup.signInProvider} next={next} />}
        <Button
          look="quiet"
          className="w-full"
          onClick={() => {
            suggestions.stop()
            recover()
          }}
        >
          Passkey lost?
        </Button>
      </form>
    </Doorway>
  )
}

function ProviderButton({ name, next }: { name: string; next: string | undefined }) {
  const leaving = useMutation({ mutationFn: () => leaveForProvider(next) })
  return (
    <div>
      <Button className="w-full py-2" busy={leaving.isPending} onClick={() => leaving.mutate()}>
        Sign in with {name}
      </Button>
      <ProblemNote error={leaving.error} />
    </div>
  )
}

/** Passkeys among the suggestions of the e-mail field, where the browser can do that. */
function useSuggestedPasskeys(isOpen: boolean, onEnter: () => void): { stop: () => void } {
  const waiting = useRef<AbortController>(undefined)
  const enter = useRef(onEnter)
  enter.current = onEnter
  useEffect(() => {
    if (!isOpen || whyNoPasskeys() !== null) return
    const controller = new AbortController()
    waiting.current = controller
    const { signal } = controller
    const wait = async (): Promise<void> => {
      if (!(await PublicKeyCredential.isConditionalMediationAvailable()) || signal.aborted) return
      await signInByPasskey({ conditional: true, signal })
      enter.current()
    }
    // Nobody asked for it: when it fails, there are the button and the form.
    wait().catch(() => undefined)
    return () => controller.abort()
  }, [isOpen])
  return { stop: () => waiting.current?.abort() }
}

function PasskeyButton({
  primary = false,
  onPress,
  onEnter,
}: {
  primary?: boolean
  onPress?: () => void
  onEnter: () => void
}) {
  const entering = useMutation({ mutationFn: () => signInByPasskey(), onSuccess: onEnter })
  const unavailable = whyNoPasskeys()
  return (
    <div>
      <Button
        look={primary ? 'primary' : 'plain'}
        className="w-full py-2"
        busy={entering.isPending}
        refusal={unavailable}
        onClick={() => {
          onPress?.()
          entering.mutate()
        }}
      >
        Use a passkey
      </Button>
      {unavailable && <p className="mt-2 text-[0.95rem] text-ink-faint">{unavailable}</p>}
      <ProblemNote error={entering.error} />
    </div>
  )
}

function SecondFactor({
  step,
  onEnter,
  onBack,
  onLost,
}: {
  step: NextStep
  onEnter: () => void
  onBack: () => void
  onLost: () => void
}) {
  const proving = useMutation({ mutationFn: verifyCode, onSuccess: onEnter })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    proving.mutate(String(new FormData(event.currentTarget).get('code')))
  }
  if (step === 'passkey')
    return (
      <Doorway title="One more thing" lede="Your account has a passkey: it is wanted, too.">
        <div className="space-y-5">
          <PasskeyButton primary onEnter={onEnter} />
          <Button className="w-full py-2" onClick={onLost}>
            Passkey lost?
          </Button>
          <Button look="quiet" onClick={onBack} className="w-full">
            Back
          </Button>
        </div>
      </Doorway>
    )
  return (
    <Doorway title="One more thing" lede="The code that your authenticator app shows now.">
      <form onSubmit={submit} className="space-y-5">
        <TextField
          label="Code"
          name="code"
          autoComplete="one-time-code"
          required
          autoFocus
          mono
          hint="Phone lost? Type one of your recovery codes."
        />
        <ProblemNote error={proving.error} />
        <Button look="primary" type="submit" busy={proving.isPending} className="w-full py-2">
          Sign in
        </Button>
        <PasskeyButton onEnter={onEnter} />
        <Button look="quiet" onClick={onBack} className="w-full">
          Back
        </Button>
      </form>
    </Doorway>
  )
}

/** A recovery code instead of a passkey. */
function Recovery({ onEnter, onBack }: { onEnter: () => void; onBack: () => void }) {
  const proving = useMutation({
    mutationFn: (form: FormData) => {
      const text = (name: string): string => String(form.get(name) ?? '')
      const password = text('password')
      return take(
        api.POST('/api/v1/recovery-sign-in', {
          body: { email: text('email'), code: text('code'), ...(password ? { password } : {}) },
        }),
      )
    },
    onSuccess: onEnter,
  })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    proving.mutate(new FormData(event.currentTarget))
  }
  return (
    <Doorway
      title="Passkey lost?"
      lede="One of your recovery codes opens the door, once. Without any, an administrator can send you a link."
    >
      <form onSubmit={submit} className="space-y-5">
        <TextField label="E-mail" name="email" type="email" autoComplete="username" required autoFocus />
        <TextField label="Recovery code" name="code" autoComplete="off" spellCheck={false} required mono />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          hint="If your account has one."
        />
        <ProblemNote error={proving.error} />
        <Button look="primary" type="submit" busy={proving.isPending} className="w-full py-2">
          Sign in
        </Button>
        <Button look="quiet" onClick={onBack} className="w-full">
          Back
        </Button>
      </form>
    </Doorway>
  )
}
