import { nextSetupStep, type SetupStepId } from '@dragonfly/schema/state'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { meQuery, setupProgressQuery } from '../../api/queries.ts'
import type { SetupProgress } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icons.tsx'
import { Empty, Page, usePageTitle } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { wizardSteps } from '../../features/setup/steps.tsx'
import { useSetupProgress } from '../../features/setup/use-progress.ts'
import { paths } from '../paths.ts'

/** From an empty server to one that can deploy. Each step stands alone: skip it, come back, do it elsewhere. */
export function SetupPage() {
  const { data: me } = useQuery(meQuery)
  if (!me) return null
  if (me.role === 'administrator') return <Wizard />
  return (
    <Page title="Set up">
      <Empty title="Administrators do this.">Ask one of them if something is missing.</Empty>
    </Page>
  )
}

function Wizard() {
  usePageTitle('Set up')
  const { data: progress, error } = useQuery({ ...setupProgressQuery, refetchInterval: 5000 })
  const search = useSearch({ from: '/portal/setup' })
  // Where it went on when the page was opened: a step that becomes done under one's hands does not jump away.
  const startedAt = useRef<SetupStepId | null>(null)
  if (!progress) return <ProblemNote error={error} />
  startedAt.current ??= nextSetupStep(progress) ?? progress.steps.at(-1)?.step ?? 'administrator'
  const step = search.step ?? startedAt.current
  return (
    <div className="mx-auto max-w-5xl lg:grid lg:grid-cols-[13rem_minmax(0,1fr)] lg:gap-x-14">
      <StepList progress={progress} current={step} />
      <Step key={step} step={step} progress={progress} />
    </div>
  )
}

function StepList({ progress, current }: { progress: SetupProgress; current: SetupStepId }) {
  return (
    <nav aria-label="Steps" className="mb-8">
      <ol className="flex gap-2 lg:sticky lg:top-24 lg:flex-col lg:gap-1">
        {progress.steps.map(({ step, status }) => (
          <li key={step} className="max-lg:grow">
            <Link
              to={paths.setup}
              search={{ step }}
              aria-current={step === current ? 'step' : undefined}
              className={`touchable flex items-center gap-3 rounded-md py-1.5 hover:text-touch lg:px-3 ${step === current ? 'font-semibold text-ink lg:bg-hover' : 'text-ink-soft'}`}
            >
              <Mark status={status} isCurrent={step === current} />
              <span className="max-lg:sr-only">{wizardSteps[step].short}</span>
              <span className="sr-only">{status === 'open' ? '' : ` (${status})`}</span>
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  )
}

function Mark({
  status,
  isCurrent,
}: {
  status: SetupProgress['steps'][number]['status']
  isCurrent: boolean
}) {
  const bar = isCurrent ? 'bg-touch' : status === 'done' ? 'bg-alive' : 'bg-line'
  return (
    <>
      <span aria-hidden="true" className={`h-1 w-full rounded-full lg:hidden ${bar}`} />
      <span aria-hidden="true" className="hidden size-5 items-center justify-center lg:inline-flex">
        {status === 'done' ? (
          <Icon name="check" size={20} className="text-alive" />
        ) : (
          <span
            className={`size-3.5 rounded-full border-2 ${isCurrent ? 'border-touch bg-touch/20' : status === 'skipped' ? 'border-dashed border-control' : 'border-line'}`}
          />
        )}
      </span>
    </>
  )
}

function Step({ step, progress }: { step: SetupStepId; progress: SetupProgress }) {
  const { title, lede, Content } = wizardSteps[step]
  const navigate = useNavigate()
  const { data: me } = useQuery(meQuery)
  const changing = useSetupProgress()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  const index = progress.steps.findIndex((entry) => entry.step === step)
  const before = progress.steps[index - 1]?.step
  const after = progress.steps[index + 1]?.step
  const isDone = progress.steps[index]?.status === 'done'
  const leave = async (status: 'done' | 'skipped'): Promise<void> => {
    // What somebody did elsewhere is not undone by skipping over it.
    if (!(isDone && status === 'skipped')) await changing.mutateAsync({ step: { step, status } })
    await navigate(after ? { to: paths.setup, search: { step: after } } : { to: paths.machines })
  }
  const dismiss = async (): Promise<void> => {
    await changing.mutateAsync({ dismissed: true })
    await navigate({ to: paths.machines })
  }
  // These are done by doing something, not by going on.
  const isDeed =
    (step === 'administrator' && !me?.mfa.enabled) ||
    step === 'site' ||
    step === 'network' ||
    step === 'ssh-keys' ||
    step === 'image'
  return (
    <section aria-labelledby="step-title" className="min-w-0">
      <p className="text-ink-faint">
        Step {index + 1} of {progress.steps.length}
      </p>
      <h1
        id="step-title"
        ref={heading}
        tabIndex={-1}
        className="mt-1 text-4xl font-light tracking-tight outline-none sm:text-[2.75rem]"
      >
        {title}
      </h1>
      <p className="mt-2 mb-8 max-w-2xl text-lg text-ink-soft">{lede}</p>
      <Content />
      <footer className="mt-10 flex flex-wrap items-center gap-3 border-t border-line pt-5">
        {before && (
          <Button look="quiet" onClick={() => void navigate({ to: paths.setup, search: { step: before } })}>
            Back
          </Button>
        )}
        <Button look="quiet" onClick={() => void dismiss()}>
          Leave the set-up
        </Button>
        <span className="ml-auto flex items-center gap-3">
          {!isDone && (
            <Button look={isDeed ? 'plain' : 'quiet'} onClick={() => void leave('skipped')}>
              {after ? 'Skip' : 'Skip and finish'}
            </Button>
          )}
          {(isDone || !isDeed) && (
            <Button look="primary" busy={changing.isPending} onClick={() => void leave('done')}>
              {after ? 'Continue' : 'Finish'}
            </Button>
          )}
        </span>
      </footer>
    </section>
  )
}
